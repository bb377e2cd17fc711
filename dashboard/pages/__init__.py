"""The pages, in the order of the menu; one file each."""

from dashboard.page import Page
from dashboard.pages import overview

PAGES: tuple[Page, ...] = (overview.PAGE,)
BY_NAME = {page.name: page for page in PAGES}
