"""This app's part of the REST API: one's own account and tokens; people and the organisation for admins."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator

from accounts import api_tokens, people
from accounts.links import password_link
from accounts.models import ApiToken, Organisation, User
from accounts.organisation import change_organisation
from accounts.roles import Role, role_of
from accounts.sessions import end_sessions, sessions_of
from ui.typed_numbers import THRESHOLD


class RoleField(serializers.ChoiceField):
    """A person's role; null for somebody who has none yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Role.choices, **kwargs)

    def get_attribute(self, instance: User) -> str | None:
        return role_of(instance)


class MeSerializer(serializers.ModelSerializer):
    role = RoleField(read_only=True, allow_null=True)
    permissions = serializers.SerializerMethodField(help_text=_("What the role allows."))

    class Meta:
        model = User
        fields = ["id", "email", "first_name", "last_name", "language", "time_zone", "role", "permissions"]
        read_only_fields = ["email"]

    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.get_all_permissions())


class UserSerializer(serializers.ModelSerializer):
    role = RoleField()

    class Meta:
        model = User
        fields = ["id", "email", "first_name", "last_name", "role", "is_active", "last_login", "date_joined"]
        read_only_fields = ["email", "last_login", "date_joined"]

    def update(self, user: User, values: dict[str, Any]) -> User:
        role, is_active = values.pop("role", None), values.pop("is_active", None)
        try:
            with transaction.atomic():
                user = super().update(user, values)
                if role is not None:
                    people.change_role(user, Role(role))
                if is_active is not None and is_active != user.is_active:
                    (people.reactivate if is_active else people.deactivate)(user)
        except DjangoValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        return user


class NewUserSerializer(serializers.ModelSerializer):
    """Without a password, the person sets one with a link: see `password-link`."""

    email = serializers.EmailField(
        max_length=254,
        validators=[
            UniqueValidator(User.objects.all(), _("Somebody with this e-mail address is here already."), "iexact")
        ],
    )
    role = RoleField()
    password = serializers.CharField(write_only=True, required=False, trim_whitespace=False, max_length=256)

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "language", "time_zone", "role", "password"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "password" in values:
            try:
                validate_password(values["password"], User(email=values["email"]))
            except DjangoValidationError as error:
                raise serializers.ValidationError({"password": error.messages}) from error
        return values

    def create(self, values: dict[str, Any]) -> User:
        return people.add_person(role=Role(values.pop("role")), **values)


class PasswordLinkSerializer(serializers.Serializer):
    url = serializers.URLField(help_text=_("Hand it to the person; it works once."))
    expires_at = serializers.DateTimeField()


class ApiTokenSerializer(serializers.ModelSerializer):
    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "read_only", "created_at", "expires_at", "last_used_at"]
        read_only_fields = ["prefix", "created_at", "last_used_at"]

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("This moment is over."))
        return value


class MadeApiTokenSerializer(ApiTokenSerializer):
    key = serializers.CharField(read_only=True, help_text=_("Shown in this answer only."))

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "key"]


class SessionSerializer(serializers.Serializer):
    id = serializers.CharField()
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text=_("To within five minutes."))
    address = serializers.CharField(help_text=_("The IP address it began at."))
    browser = serializers.CharField(help_text=_("What the browser calls itself."))
    is_current = serializers.BooleanField(help_text=_("Whether this request came with it."))


class EndedSessionsSerializer(serializers.Serializer):
    ended = serializers.IntegerField(help_text=_("How many sessions have ended."))


class OrganisationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Organisation
        fields = ["name", "time_zone", "suppression_threshold", "comment_threshold"]
        extra_kwargs = {
            name: {"min_value": int(THRESHOLD.least), "max_value": int(THRESHOLD.most)}
            for name in ("suppression_threshold", "comment_threshold")
        }

    def update(self, organisation: Organisation, values: dict[str, Any]) -> Organisation:
        return change_organisation(**values)


class UserFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="search", label=_("Part of a name or e-mail address"))
    role = django_filters.ChoiceFilter(field_name="groups__name", choices=Role.choices)

    class Meta:
        model = User
        fields = ["is_active"]

    def search(self, users: QuerySet[User], name: str, text: str) -> QuerySet[User]:
        for word in text.split():
            users = users.filter(
                Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            )
        return users


@extend_schema_view(get=extend_schema(summary="Who am I"), patch=extend_schema(summary="Change my account"))
class Me(generics.RetrieveUpdateAPIView):
    """The owner of the token or session."""

    serializer_class = MeSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self) -> User:
        return self.request.user  # type: ignore[return-value]


@extend_schema_view(
    get=extend_schema(summary="The organisation"), patch=extend_schema(summary="Change the organisation's settings")
)
class OrganisationSettings(generics.RetrieveUpdateAPIView):
    """Name, time zone, and the rule for small samples."""

    serializer_class = OrganisationSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self) -> Organisation:
        return Organisation.current()


@extend_schema_view(
    list=extend_schema(summary="My API tokens"),
    retrieve=extend_schema(summary="One of my API tokens"),
    create=extend_schema(summary="Make an API token", responses={201: MadeApiTokenSerializer}),
    destroy=extend_schema(summary="Revoke an API token"),
)
class ApiTokens(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    """One's own tokens that are not revoked."""

    serializer_class = ApiTokenSerializer
    queryset = ApiToken.objects.none()  # tells the description the type of the key; the rows come from get_queryset

    def get_queryset(self) -> QuerySet[ApiToken]:
        if not self.request.user.is_authenticated:  # while the description is being made
            return self.queryset
        return ApiToken.objects.filter(user=self.request.user, revoked_at=None)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        maker = request.auth if isinstance(request.auth, ApiToken) else None
        token, key = api_tokens.make(request.user, maker=maker, **asked.validated_data)  # type: ignore[arg-type]
        token.key = key  # type: ignore[attr-defined]
        return Response(MadeApiTokenSerializer(token).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: ApiToken) -> None:
        api_tokens.revoke(instance)


class Sessions(viewsets.ViewSet):
    """Where one is signed in with a browser."""

    @extend_schema(summary="My sessions", responses=SessionSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The current one first, then the newest."""
        found = sessions_of(request.user, request.session.session_key)  # type: ignore[arg-type]
        return Response(SessionSerializer(found, many=True).data)

    @extend_schema(
        summary="End one of my sessions",
        parameters=[OpenApiParameter("id", str, OpenApiParameter.PATH)],
        responses={204: None},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Whoever uses it has to sign in again."""
        if not end_sessions(request.user, only=pk):  # type: ignore[arg-type]
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    list=extend_schema(summary="People"),
    retrieve=extend_schema(summary="One person"),
    create=extend_schema(summary="Add a person", request=NewUserSerializer, responses={201: UserSerializer}),
    partial_update=extend_schema(summary="Change a person's name, role, or whether the account is active"),
)
class Users(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.UpdateModelMixin, viewsets.GenericViewSet):
    """Everybody with an account, also those whose account is closed."""

    queryset = User.objects.prefetch_related("groups")
    serializer_class = UserSerializer
    filterset_class = UserFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = NewUserSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(self.get_serializer(asked.save()).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Make a one-time link to set a password", request=None, responses=PasswordLinkSerializer)
    @action(detail=True, methods=["post"], url_path="password-link")
    def password_link(self, request: Request, pk: str | None = None) -> Response:
        person = generics.get_object_or_404(self.get_queryset().filter(is_active=True), pk=pk)
        if isinstance(request.auth, ApiToken) and person != request.user and role_of(person) == Role.ADMIN:
            # Else whoever finds an admin's token has the accounts of all of them, also once it is revoked.
            raise PermissionDenied(_("Sign in to make a link for another admin: a token cannot."))
        url, expires_at = password_link(person, asked_by=request._request)
        return Response(PasswordLinkSerializer({"url": url, "expires_at": expires_at}).data)

    @extend_schema(summary="End all sessions of a person", request=None, responses=EndedSessionsSerializer)
    @action(detail=True, methods=["post"], url_path="end-sessions")
    def end_sessions(self, request: Request, pk: str | None = None) -> Response:
        """The person has to sign in again everywhere; whoever asks for themselves, everywhere else."""
        return Response({"ended": end_sessions(self.get_object(), but=request.session.session_key)})
