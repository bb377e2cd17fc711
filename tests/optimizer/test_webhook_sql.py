"""`install_webhooks`: the triggers that Supabase's webhooks are, with odd names and secrets."""

import json

import pytest
from django.core.management import CommandError, call_command

URL = "https://canvalo.example/api/optimization/webhooks/supabase"


@pytest.fixture
def supabase_webhooks(supabase, supabase_sql):
    """What enabling webhooks gives a Supabase project; here the trigger notes what it is given."""
    database = supabase_sql()
    database.execute(
        """
        create schema if not exists supabase_functions;
        create table if not exists supabase_functions.sent (arguments text[], operation text);
        create or replace function supabase_functions.http_request() returns trigger
        language plpgsql security definer as $$
        begin
          insert into supabase_functions.sent values (tg_argv, tg_op);
          return null;
        end $$;
        create table api."odd ""name" (id int);
        """
    )
    yield database
    database.execute('drop table api."odd ""name"; drop schema supabase_functions cascade')


def write(database):
    """One of each."""
    database.execute(
        'insert into api."odd ""name" values (1); update api."odd ""name" set id = 2;'
        'delete from api."odd ""name"'
    )
    return database.execute("select operation, arguments from supabase_functions.sent").fetchall()


@pytest.mark.parametrize("secret", ["plain", 'it\'s "quoted" \\ and $$ and \u00fc'])
def test_every_write_is_told_with_the_secret(supabase, supabase_webhooks, settings, secret):
    """Installed twice it is told once; removed it is not told."""
    settings.OPTIMIZATION_WEBHOOK_SECRET = secret
    tables, given = ['odd "name'], {"database_url": supabase.database}
    for _ in range(2):
        call_command("install_webhooks", URL, *tables, **given)
    sent = write(supabase_webhooks)
    assert [operation for operation, _ in sent] == ["INSERT", "UPDATE", "DELETE"]
    url, method, headers, _params, _timeout = sent[0][1]
    assert (url, method) == (URL, "POST")
    assert json.loads(headers)["x-canvalo-secret"] == secret
    call_command("uninstall_webhooks", *tables, **given)
    assert len(write(supabase_webhooks)) == 3


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [("canvalo.example", "s", "whole address"), (URL, "", "OPTIMIZATION_WEBHOOK_SECRET")],
)
def test_what_is_wrong_is_said_and_changes_nothing(settings, url, secret, words):
    """In a line."""
    settings.OPTIMIZATION_WEBHOOK_SECRET = secret
    with pytest.raises(CommandError, match=words):
        call_command("install_webhooks", url, "contacts", print=True)


def test_a_project_without_webhooks_is_told_to_enable_them(supabase, settings):
    """Supabase makes what the triggers call only then."""
    settings.OPTIMIZATION_WEBHOOK_SECRET = "s"
    with pytest.raises(CommandError, match="Enable the project's database webhooks"):
        call_command("install_webhooks", URL, "contacts", database_url=supabase.database)


def test_the_sql_can_be_looked_at_first(settings, capsys):
    """For Supabase's SQL editor."""
    settings.OPTIMIZATION_WEBHOOK_SECRET = "s"
    call_command("install_webhooks", URL, "contacts", print=True)
    said = capsys.readouterr().out
    assert 'create trigger "canvalo_contacts" after insert or update or delete' in said
    assert "supabase_functions.http_request" in said
