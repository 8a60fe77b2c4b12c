"""What an S3 server or the way to it says when something fails, in sentences.

The client's own messages run to pages and quote requests; of them only the status, the code of the S3 error
(a word such as NoSuchBucket) and the reason why no connection came about are passed on.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,80})</Code>")
_NO_CONNECTION = re.compile(r"kind: Connect,")
_REASON = re.compile(r"(?:message|error): \"([^\"]{1,120})\"")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
NO_BUCKET = "NoSuchBucket"
_SENTENCES = {
    NO_BUCKET: "there is no such bucket",
    "InvalidAccessKeyId": "the server does not know the access key",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    "ExpiredToken": "the access key has expired",
    "RequestTimeTooSkewed": "the clocks of the server and of this machine differ too much",
    "AccessDenied": "the access key has no right to do this",
    "AllAccessDisabled": "the bucket has been closed",
    "PermanentRedirect": "the bucket lies in another region",
    "AuthorizationHeaderMalformed": "the server expects another region",
    "QuotaExceeded": "the quota is used up",
    "XMinioStorageFull": "the server's disks are full",
    "EntityTooLarge": "the object is larger than the server takes",
    "InvalidObjectState": "the object lies in cold storage and must be brought back first",
    "PreconditionFailed": "a condition of the request does not hold",
    "SlowDown": "the server asks us to slow down",
}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, 500, 502, 503, 504}
_WRONG_ADDRESS = {NO_BUCKET, "AllAccessDisabled", "PermanentRedirect", "AuthorizationHeaderMalformed"}
_WRONG_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "RequestTimeTooSkewed"}


@dataclass(frozen=True, slots=True)
class Fault:
    """`shut` says that the place lets nobody of ours in; `passing` that trying again may help."""

    says: str
    shut: bool
    passing: bool


def fault_of(error: Exception) -> Fault:
    """What an exception of the client means."""
    text = str(error)
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    code = found[1] if (found := _CODE.search(text)) else ""
    if not status:
        return _without_answer(text)
    shut = status == 401 or code in _WRONG_ADDRESS | _WRONG_KEY or (status == 403 and not code)
    says = _SENTENCES.get(code, f"the server answers {status}{f' ({code})' if code else ''}")
    return Fault(says, shut, passing=status in _PASSING or code == "RequestTimeout")


def _without_answer(text: str) -> Fault:
    reason = found[1] if (found := _REASON.search(text)) else ""
    if _NO_CONNECTION.search(text):
        if "ertificate" in text:
            reason = "its certificate is not trusted here"
        return Fault(f"the server cannot be reached{f': {reason}' if reason else ''}", shut=True, passing=True)
    lost = "it took too long" if "TimedOut" in text else "the connection broke off"
    return Fault(lost, shut=False, passing=True)
