"""The CRM's endpoints: thin, each one question to Supabase."""

import time
from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from canvalo.crm import contacts
from canvalo.crm.answers import first_row, pass_on
from canvalo.crm.auth import Caller, SupabaseToken
from canvalo.crm.schemas import ContactIn, ContactPatch, ContactQuery

router = Router(auth=SupabaseToken(), tags=["contacts"])


def _token(request: HttpRequest) -> str:
    return cast(Caller, request.auth).token  # type: ignore[attr-defined]  # ninja sets it


@router.get("/contacts")
async def list_contacts(request: HttpRequest, query: Query[ContactQuery]) -> HttpResponse:
    """List the caller's contacts; `Content-Range` says which rows of how many."""
    start = time.perf_counter()
    found = await contacts.list_page(_token(request), **query.dict())
    return pass_on(found, time.perf_counter() - start)


@router.post("/contacts")
async def create_contact(request: HttpRequest, contact: ContactIn) -> HttpResponse:
    """Create a contact and return it as stored."""
    start = time.perf_counter()
    made = await contacts.create(_token(request), contact.dict(exclude_unset=True))
    return first_row(made, time.perf_counter() - start, status=201)


@router.get("/contacts/{uuid:contact_id}")
async def get_contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Return one contact."""
    start = time.perf_counter()
    found = await contacts.get(_token(request), contact_id)
    return pass_on(found, time.perf_counter() - start)


@router.api_operation(["PATCH", "PUT"], "/contacts/{uuid:contact_id}")
async def update_contact(
    request: HttpRequest, contact_id: UUID, contact: ContactPatch
) -> HttpResponse:
    """Change some fields of a contact and return it as stored."""
    start = time.perf_counter()
    changed = await contacts.update(_token(request), contact_id, contact.dict(exclude_unset=True))
    return first_row(changed, time.perf_counter() - start)


@router.delete("/contacts/{uuid:contact_id}")
async def delete_contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Delete a contact and return it as it was."""
    start = time.perf_counter()
    gone = await contacts.delete(_token(request), contact_id)
    return first_row(gone, time.perf_counter() - start)
