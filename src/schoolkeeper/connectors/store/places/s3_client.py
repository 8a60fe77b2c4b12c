"""The client of one bucket, configured by nothing but what it is given."""

from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import S3Credential

REQUEST_SECONDS = 900  # an object of 40 MB over a line of 50 kB/s
CONNECT_SECONDS = 10
RETRIES = 4


def client(
    bucket: str,
    prefix: str,
    endpoint: str | None,
    region: str,
    keys: tuple[str, str],
    retry_timeout: timedelta,
) -> S3Store:
    """A client that speaks to the endpoint in path style, or to Amazon with the bucket in the host's name.

    The library would fill in whatever AWS_… variables the environment has (another endpoint, a session token
    that belongs to other keys, no signature at all), so everything that decides where requests go and how
    they are signed is set here. Checksums are sent because buckets with object lock demand them.
    """
    given: S3Credential = {
        "access_key_id": keys[0],
        "secret_access_key": keys[1],
        "token": None,
        "expires_at": None,
    }
    in_host = endpoint is None and "." not in bucket  # a certificate for *.s3… does not cover a dot
    amazon = f"https://{bucket}.s3.{region}.amazonaws.com" if in_host else f"https://s3.{region}.amazonaws.com"
    address = endpoint or amazon
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=address,
        region=region,
        virtual_hosted_style_request=in_host,
        skip_signature=False,
        unsigned_payload=False,
        request_payer=False,
        disable_bulk_delete=True,
        checksum_algorithm="sha256",
        credential_provider=lambda: given,
        client_options={
            "allow_http": address.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
        },
        retry_config={
            "max_retries": RETRIES,
            "retry_timeout": retry_timeout,
            "backoff": {
                "init_backoff": timedelta(milliseconds=200),
                "max_backoff": timedelta(seconds=10),
                "base": 2,
            },
        },
    )
