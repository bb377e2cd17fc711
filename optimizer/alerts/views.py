"""The page by which a recipient leaves, and comes back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from optimizer.alerts import unsubscribe as leaving
from optimizer.models import AlertRule, Recipient

PAGE = "optimizer/unsubscribe.html"


# The signed address in the link is what authorises; a mail provider's one-click has no cookie.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form, or do what it or a mail provider's one-click says; 404 for a forged link."""
    address = leaving.address_of(token)
    if address is None:
        raise Http404("no such link")
    done = _act(request, address) if request.method == "POST" else ""
    gone = Recipient.objects.filter(address=address).exclude(unsubscribed_at=None).exists()
    context = {"address": address, "rules": leaving.rules_of(address), "done": done, "gone": gone}
    response = render(request, PAGE, context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"  # the address of this page is a key
    return response


def _act(request: HttpRequest, address: str) -> str:
    """Do what was asked; one sentence about it."""
    if request.POST.get("action") == "return":
        leaving.come_back(address)
        return "You get all alert mails again."
    chosen = request.POST.get("rule", "")
    if not chosen:
        leaving.leave(address, None, timezone.now())
        return "You get no more alert mails."
    rule = get_object_or_404(AlertRule, pk=int(chosen) if chosen.isdecimal() else 0)
    leaving.leave(address, rule, timezone.now())
    return f"You get no more mails of “{rule.name}”."
