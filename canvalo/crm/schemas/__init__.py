"""What the CRM's API accepts, a file a table; a field that is not named there is refused."""

from canvalo.crm.schemas.base import Shapes
from canvalo.crm.schemas.shapes import SHAPES

__all__ = ["SHAPES", "Shapes"]
