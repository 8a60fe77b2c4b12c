"""Reading the object lock of an S3 object, which the client library does not show.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html: a HEAD answer carries
`x-amz-object-lock-retain-until-date` and `x-amz-object-lock-legal-hold: ON` where the object has them and the
access key may see them.
"""

from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from schoolkeeper.kernel.errors import Unreachable

RETAIN = "x-amz-object-lock-retain-until-date"
HOLD = "x-amz-object-lock-legal-hold"
SECONDS = 30
FOREVER = datetime.max.replace(tzinfo=UTC)


def lock_of(component: str, where: str, signed_url: str, now: datetime) -> datetime | None:
    """Until when the object behind a signed address is kept from deletion; None when it is not, or is not there.

    Raises Unreachable. The address is a credential for its short life: it goes through a client that does not
    log, and into no message.
    """
    try:
        with urlopen(Request(signed_url, method="HEAD"), timeout=SECONDS) as answer:  # noqa: S310  # we built it
            return _until(answer.headers, now)
    except HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise Unreachable(component, f"{where}: asked for object lock, the server answers {error.code}") from None
    except (URLError, OSError):
        raise Unreachable(component, f"{where}: asked for object lock, the server does not answer") from None
    except ValueError:
        raise Unreachable(component, f"{where}: the date of an object lock cannot be understood") from None


def _until(headers: Message, now: datetime) -> datetime | None:
    if headers.get(HOLD, "").upper() == "ON":
        return FOREVER
    text = headers.get(RETAIN)
    if text is None:
        return None
    until = datetime.fromisoformat(text)
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
    return until if until > now else None
