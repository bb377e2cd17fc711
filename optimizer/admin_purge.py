"""The admin's purge: a form that ends what is kept, and the list of who ended what."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from optimizer import purging
from optimizer.admin_readonly import ReadOnlyAdmin
from optimizer.errors import CacheUnavailable
from optimizer.models import Purge, PurgeReach

if TYPE_CHECKING:
    Form = forms.ModelForm[Purge]
else:  # Django's classes take no type arguments when they run
    Form = forms.ModelForm

_ABOUT_A_TABLE = (PurgeReach.TABLE, PurgeReach.ROW)


class PurgeForm(Form):
    """What to end; user and row are used and not kept."""

    user = forms.CharField(
        required=False,
        max_length=200,
        help_text="The user's id in Supabase (`sub`); for a user. Answers that a table's settings "
        "let several users share are not one user's: purge that table.",
    )
    row = forms.CharField(
        required=False,
        max_length=500,
        help_text="The primary key, for a row: id=5, with commas between several columns. Where "
        "the table's key is not known, the whole table is ended.",
    )

    class Meta:
        model = Purge
        fields = ("reach", "relation", "user", "row")

    def clean(self) -> dict[str, Any]:
        """Require what the chosen reach needs, and nothing else."""
        cleaned = super().clean() or self.cleaned_data
        reach = cleaned.get("reach")
        self._wants("relation", reach in _ABOUT_A_TABLE)
        self._wants("user", reach == PurgeReach.USER)
        self._wants("row", reach == PurgeReach.ROW)
        return cleaned

    def clean_row(self) -> dict[str, str]:
        """The key's columns with their values."""
        pairs = [
            part.partition("=") for part in self.cleaned_data["row"].split(",") if part.strip()
        ]
        key = {name.strip(): value.strip() for name, _, value in pairs}
        if not all(name and value for name, value in key.items()):
            raise forms.ValidationError("Write it as column=value.")
        return key

    def _wants(self, name: str, needed: bool) -> None:
        given = bool(self.cleaned_data.get(name))
        if needed and not given and name not in self.errors:
            self.add_error(name, "This is needed for what is to be ended.")
        elif given and not needed:
            self.add_error(name, "This says nothing of what is to be ended: leave it empty.")


@admin.register(Purge)
class PurgeAdmin(ReadOnlyAdmin):
    """Answers ended by hand; to end some, add a purge."""

    form = PurgeForm
    fields = ("reach", "relation", "user", "row")
    list_display = ("at", "reach", "relation", "about", "by")
    list_filter = ("reach",)
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may add one may purge."""
        return request.user.has_perm("optimizer.add_purge")

    def get_fields(self, request: HttpRequest, obj: Purge | None = None) -> Any:
        """Of one that was done, what is kept of it."""
        return self.fields if obj is None else ("at", "reach", "relation", "about", "by")

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Purge; where Valkey is away nothing is ended, and the page says so."""
        try:
            return super().add_view(request, *args, **kwargs)
        except CacheUnavailable as away:
            self.message_user(request, f"Nothing was ended: {away}.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Purge, form: PurgeForm, change: bool) -> None:
        """End it, in every process."""
        by: Any = request.user  # the admin admits users only
        purging.purge(obj, by, form.cleaned_data["user"], form.cleaned_data["row"] or None)
