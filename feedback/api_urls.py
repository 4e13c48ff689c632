"""Addresses of this app's part of the REST API, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from feedback.api import ItemViewSet, QuestionViewSet, ResponseViewSet, SurveyViewSet

router = SimpleRouter()
router.register("surveys", SurveyViewSet, "survey")
router.register("questions", QuestionViewSet, "question")
router.register("feedback-items", ItemViewSet, "feedback-item")
router.register("responses", ResponseViewSet, "response")
urlpatterns = router.urls
