"""What the pretend Qualtrics says when it does not do as asked."""


class Refusal(Exception):
    """The pretend Qualtrics says no: becomes an error envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: str | None = None,
        instance_id: str | None = None,
        without_request_id: bool = False,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.instance_id = instance_id
        self.without_request_id = without_request_id
