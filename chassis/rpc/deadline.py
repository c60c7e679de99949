"""A deadline that leaves time to explain.

Each server gives itself slightly less than it received, so that the precise failure of the inner service arrives
before the outer one times out; with too little left it refuses at once instead of working for nobody.
"""

import asyncio
from contextvars import ContextVar

from google.protobuf.message import Message

from chassis.errors import Unavailable
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed

DEFAULT_SECONDS = 30.0
SHAVE_SECONDS = 0.02
LEAST_SECONDS = 0.005
_deadline: ContextVar[float] = ContextVar("deadline", default=0.0)


def remaining(default: float = DEFAULT_SECONDS) -> float:
    """Return the seconds left for calls made now: what the call being served has left, or the default outside one."""
    deadline = _deadline.get()
    return max(deadline - asyncio.get_running_loop().time(), LEAST_SECONDS) if deadline else default


class DeadlineInterceptor(CallInterceptor):
    """Bounds every method by the caller's deadline, shaved."""

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Run the method within what is left."""
        left = call.context.time_remaining()
        seconds = (left if left is not None else DEFAULT_SECONDS) - SHAVE_SECONDS
        if seconds < LEAST_SECONDS:
            raise Unavailable("Délai dépassé avant le début du traitement ; réessayez.")
        _deadline.set(asyncio.get_running_loop().time() + seconds)
        try:
            async with asyncio.timeout(seconds):
                return await proceed()
        except TimeoutError as error:
            raise Unavailable("Délai dépassé ; réessayez.") from error
