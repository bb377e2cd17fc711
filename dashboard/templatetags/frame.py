"""The menu, which pages outside the dashboard show too."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from dashboard.access import may_change, may_view
from dashboard.pages import PAGES

register = template.Library()


@register.inclusion_tag("dashboard/_menu.html", takes_context=True)
def menu(context: Context) -> dict[str, Any]:
    """Links to all pages for whoever may view them, in the range that is being looked at."""
    request, scene = context.get("request"), context.get("scene")
    if request is None or not hasattr(request, "user") or not may_view(request):
        return {"entries": []}
    query, now = scene.query if scene else "", context.get("menu_page")
    entries = [
        {
            "title": page.title,
            "href": reverse(f"dashboard:{page.name}") + query,
            "now": page.name == now,
        }
        for page in PAGES
        if page.in_menu
    ]
    shared = not request.user.is_authenticated
    return {"entries": entries, "settings": may_change(request), "shared": shared}
