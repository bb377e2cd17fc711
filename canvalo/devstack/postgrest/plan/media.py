"""Which handler of the database, if any, produces the wanted media type."""

from .. import errors
from ..catalog.model import Catalog, Function, MediaHandler, Name
from ..request import Media

ANY = "*/*"
BUILT_IN = (Media.JSON, Media.CSV, Media.GEOJSON)
VENDORED = (Media.STRIPPED, Media.OBJECT, Media.OBJECT_STRIPPED)  # these no handler replaces


def handler(catalog: Catalog, media: str, table: Name, everything: bool) -> MediaHandler | None:
    """A relation's own handlers take whole rows only (`everything`); None means built in.

    Raises `Refusal` (PGRST107) where nothing produces that type.
    """
    if media in VENDORED:
        return None
    own = [one for one in catalog.handlers if everything and one.target == table]
    general = [one for one in catalog.handlers if one.target is None]
    for handlers, wanted in ((own, ANY), (own, media), (general, media)):
        found = next((one for one in handlers if one.media == wanted), None)
        if found:
            return found
    if media in BUILT_IN:
        return None
    raise errors.not_acceptable([media])


def is_own_type(function: Function, media: str) -> bool:
    """Whether a function's value already is of that type: it returns a domain of that name."""
    return function.returns_scalar and function.returns.name.lower() in (media, ANY)


def content_type(media: str, found: str | None) -> str:
    """What the answer says it is; a handler for anything makes bytes unless it says otherwise."""
    return Media.BINARY if found == ANY else media
