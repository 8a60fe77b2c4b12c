"""How the API says no."""

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from schoolkeeper.api.answers import Problem
from schoolkeeper.kernel.errors import Invalid, Refused

Row = TypeVar("Row", bound=Model)
View = Callable[[HttpRequest], HttpResponseBase]
BELOW = "/api/v1/"
PROBLEMS = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def explain(api: NinjaAPI) -> None:
    """Let every foreseen error of this API end in a `Problem`."""

    def answer(request: HttpRequest, status: int, detail: str, faults: tuple[str, ...] = ()) -> HttpResponse:
        return api.create_response(request, {"detail": detail, "faults": list(faults)}, status=status)

    @api.exception_handler(Invalid)
    def invalid(request: HttpRequest, error: Invalid) -> HttpResponse:
        return answer(request, 422, error.what, error.faults)

    @api.exception_handler(Refused)
    def refused(request: HttpRequest, error: Refused) -> HttpResponse:
        return answer(request, 409, str(error))

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return answer(request, 403, str(error))

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return answer(request, 404, str(error))

    @api.exception_handler(ValidationError)
    def unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return answer(request, 422, "the request does not fit its description", tuple(map(_fault, error.errors)))

    @api.exception_handler(HttpError)
    def other(request: HttpRequest, error: HttpError) -> HttpResponse:
        cause = error.__cause__
        return answer(request, error.status_code, str(error), cause.faults if isinstance(cause, Invalid) else ())


def row_of(model: type[Row], number: int) -> Row:
    """The row of this number. Raises Http404, also for numbers that no row can have."""
    found = model._default_manager.filter(pk=number).first()
    if found is None:
        raise Http404(f"there is no {model._meta.verbose_name} {number}")
    return found


def nothing_here(request: HttpRequest) -> HttpResponse:
    """An address below the API that there is none of, told as the API tells things."""
    return JsonResponse({"detail": "there is nothing at this address", "faults": []}, status=404)


def tell_methods(get_response: View) -> View:
    """Middleware that tells of a method that an address of the API does not have as the API tells things."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or not request.path.startswith(BELOW):
            return response
        allowed = response.headers["Allow"]
        detail = f"{request.method} is not possible here; {allowed} is"
        return JsonResponse({"detail": detail, "faults": []}, status=405, headers={"Allow": allowed})

    return middleware


def _fault(error: dict[str, object]) -> str:
    place = error.get("loc")
    # It begins with the kind of place and the parameter's name in the code, which tell the asker nothing.
    path = [str(part) for part in place][1:] if isinstance(place, (tuple, list)) else []
    named = path[1:] if path[:1] == ["body"] else path
    return f"{'.'.join(named) or 'body'}: {str(error.get('msg', '')).removeprefix('Value error, ')}"
