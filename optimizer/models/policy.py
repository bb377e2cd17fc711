"""Settings that change at run time."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

from optimizer.defaults import checked
from optimizer.domain.relation import names_in
from optimizer.domain.ttl import MAX_TTL, SharedBy
from optimizer.errors import ConfigurationError

RELATION = RegexValidator(
    r"^([^\s.,]+\.)?[^\s.,]+$", "Write a table's name, or its schema and name: api.contacts."
)
COLUMN = RegexValidator(
    r"^[^\s;.\"']+$", "Write columns' names, with commas between: updated_at, total."
)


NO_TABLE = "-"  # declares that there is none


class TableSettings(models.Model):
    """How the cache treats one table or view; an empty TTL leaves the environment's."""

    relation = models.CharField(
        max_length=130,
        unique=True,
        validators=[RELATION],
        help_text="A table or view, with its schema (api.contacts) or without (contacts).",
    )
    ttl_seconds = models.PositiveIntegerField(
        "TTL in seconds",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_TTL)],
        help_text="How long an answer may be served; this alone bounds the age of changes that "
        "nothing announces (SQL run elsewhere). 0 caches nothing; empty takes the default of "
        "the environment; at most a day.",
    )
    enabled = models.BooleanField(
        default=True, help_text="Off: every read of this table goes to Supabase."
    )
    sources = models.CharField(
        max_length=500,
        blank=True,
        help_text="Other tables that its policies or its view read, comma separated: a change "
        "to one of them also ends the answers about this one. Example: api.memberships.",
    )
    strict = models.BooleanField(
        default=False,
        help_text="Every read asks Valkey whether what it would serve still stands, and a write "
        "that the cache cannot be told of is refused. Costs a round trip to Valkey on every hit.",
    )
    stale_if_error_seconds = models.PositiveIntegerField(
        "stale if error, in seconds",
        default=0,
        validators=[MaxValueValidator(MAX_TTL)],
        help_text="While Supabase fails, an answer may be served for so long beyond its TTL, or "
        "although it was changed meanwhile; it is marked x-cache: stale. 0: never.",
    )
    stale_while_revalidate_seconds = models.PositiveIntegerField(
        "stale while revalidate, in seconds",
        default=0,
        validators=[MaxValueValidator(MAX_TTL)],
        help_text="For so long beyond its TTL an answer is still served at once, marked x-cache: "
        "stale, while it is fetched anew behind the reader. Nothing that was changed through "
        "Canvalo is served so. 0: the reader waits.",
    )
    negative_ttl_seconds = models.PositiveIntegerField(
        "negative TTL, in seconds",
        default=0,
        validators=[MaxValueValidator(MAX_TTL)],
        help_text="How long 'there is no such row' (a single object that was not found) is served. "
        "0: it is asked each time.",
    )
    shared_by = models.CharField(
        max_length=10,
        choices=[
            (SharedBy.CALLER.value, "nobody: a policy may read any claim"),
            (SharedBy.USER.value, "tokens of one user and role: policies read role and sub alone"),
            (SharedBy.ROLE.value, "all users of a role: policies read the role alone"),
        ],
        default=SharedBy.CALLER.value,
        help_text="Who may share answers. More than nobody is safe only if no policy of this "
        "table, or of one that it reads, looks at another claim: else users see each other's rows.",
    )
    fine_grain = models.BooleanField(
        "rows and values are told apart",
        default=False,
        help_text="A write ends only what its rows and values prove, not everything of the table. "
        "Declares that what is listed here is all: the sources above, and below what is written "
        "behind the table and which columns are rewritten. What is left out is served outdated "
        "until its TTL. Needs the secret key, by which columns and keys are learnt.",
    )
    writes = models.CharField(
        max_length=500,
        blank=True,
        help_text="Tables that its triggers write, comma separated, and those that their deletes "
        "reach by keys of several columns; of a view, those behind it.",
    )
    rewritten_columns = models.CharField(
        max_length=500,
        blank=True,
        help_text="Columns that triggers or defaults give another value than the request did, "
        "comma separated; generated columns too. Example: updated_at.",
    )
    exact_text = models.BooleanField(
        default=False,
        help_text="Texts that differ in any byte differ: no column has a nondeterministic "
        "collation. Then texts are told apart by value, too.",
    )
    owner_column = models.CharField(
        max_length=63,
        blank=True,
        help_text="Declares that the policies show and take exactly the rows whose value here is "
        "the caller's `sub`. Then a user's writes leave other users' answers alone.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["relation"]
        verbose_name = verbose_name_plural = "table settings"

    def __str__(self) -> str:
        return self.relation

    def clean(self) -> None:
        """Refuse names that name nothing: a slip there would leave old answers standing."""
        for name in names_in(f"{self.sources},{self.writes}"):
            RELATION(name)
        for name in names_in(f"{self.rewritten_columns},{self.owner_column}"):
            COLUMN(name)


class FunctionSettings(models.Model):
    """What one of the database's functions reads and writes; what is empty is not known."""

    name = models.CharField(
        max_length=130,
        unique=True,
        validators=[RELATION],
        help_text="A function, with its schema (api.archive) or without; all that share the name.",
    )
    reads = models.CharField(
        max_length=500,
        blank=True,
        help_text="Every table that it reads, comma separated; - for none. Empty: not known, and "
        "where it is a computed column, answers with that column are not cached.",
    )
    writes = models.CharField(
        max_length=500,
        blank=True,
        help_text="Every table that it writes, comma separated; - for none. Empty: not known, and "
        "a call ends everything. What is left out is served outdated until its TTL.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name = verbose_name_plural = "function settings"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse names that name nothing, and a dash beside names."""
        for text in (self.reads, self.writes):
            names = names_in(text)
            if NO_TABLE in names and len(names) > 1:
                raise ValidationError("A dash says that there is none: it stands alone.")
            for name in names:
                RELATION(name)


class EngineSetting(models.Model):
    """A switch or limit of the whole engine that differs from the environment's value."""

    name = models.CharField(
        max_length=60,
        unique=True,
        help_text="A variable without its `OPTIMIZATION_`, in lower case.",
    )
    value = models.CharField(max_length=200, help_text="As the variable would have it.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"

    def clean(self) -> None:
        """Refuse a name that does not exist and a value that does not fit."""
        try:
            self.value = str(checked(self.name, self.value))
        except ConfigurationError as error:
            raise ValidationError(str(error)) from error
