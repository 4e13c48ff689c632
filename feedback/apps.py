"""The app of what customers said."""

from django.apps import AppConfig
from django.db.models.signals import post_delete
from django.utils.translation import gettext_lazy as _

from ui.states import register_states


class FeedbackConfig(AppConfig):
    name = "feedback"
    verbose_name = _("Feedback")

    def ready(self) -> None:
        from feedback import items, states  # noqa: PLC0415 (models are not loaded before this moment)
        from feedback.models import FeedbackItem, FormerMapping, Question  # noqa: PLC0415
        from journeys.history import images, undoing  # noqa: PLC0415

        images.record(FeedbackItem, lambda pk: FeedbackItem.objects.filter(card__lane__journey=pk))
        images.record(FormerMapping, lambda pk: FormerMapping.objects.filter(item__card__lane__journey=pk))
        images.keep_for_return(Question)
        undoing.went_back.connect(items.tell_of_what_went_back, dispatch_uid="feedback.tell_of_what_went_back")
        register_states({state.value: (*look, state.label) for state, look in states.LOOKS.items()})
        post_delete.connect(
            items.tell_of_deleted, sender="feedback.FeedbackItem", dispatch_uid="feedback.tell_of_deleted"
        )
