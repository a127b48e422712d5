"""How long a training takes on several devices: what each computes, and what they tell each other.

The devices share out the rows of each batch, and add up their gradients in a ring: with n devices each sends and
receives 2 (n - 1) / n times the bytes of the gradients. A step takes as long as its arithmetic on 1 / n of the rows and
then the exchange; nothing of the one is counted as hidden behind the other. Where m devices divide a model, a ring has
n / m of them and each sends the gradients of its own part of the kernels that are divided, and of all that is not, such
as embeddings; what the m tell each other within a step is not counted.
"""

from dataclasses import dataclass

GIGABYTE = 1e9
TERAFLOP = 1e12


@dataclass(frozen=True)
class Workload:
    """What the devices do together, of a step or of a whole training.

    Attributes:
        compute_seconds: The arithmetic of all rows on one device.
        gradient_bytes: Gradients that are added up.
        divided_bytes: Those of them that devices which divide a model have a part of each.
    """

    compute_seconds: float
    gradient_bytes: float
    divided_bytes: float = 0.0

    def __add__(self, other: "Workload") -> "Workload":
        return Workload(
            self.compute_seconds + other.compute_seconds,
            self.gradient_bytes + other.gradient_bytes,
            self.divided_bytes + other.divided_bytes,
        )

    def __mul__(self, factor: int) -> "Workload":
        return Workload(
            self.compute_seconds * factor, self.gradient_bytes * factor, self.divided_bytes * factor
        )

    def sent_bytes(self, devices: int, model_parallel: int = 1) -> float:
        """Bytes that each of some devices sends; `model_parallel` of them divide a model."""
        return sent_bytes(self.held_bytes(model_parallel), devices // model_parallel)

    def held_bytes(self, model_parallel: int) -> float:
        """Gradients that one of the devices which divide a model has."""
        return self.gradient_bytes - self.divided_bytes * (model_parallel - 1) / model_parallel


@dataclass(frozen=True)
class Portion:
    """A training on a number of devices.

    Attributes:
        devices: How many.
        compute_seconds: The arithmetic of each.
        exchange_seconds: The exchange.
    """

    devices: int
    compute_seconds: float
    exchange_seconds: float

    @property
    def seconds(self) -> float:
        """Both, one after the other."""
        return self.compute_seconds + self.exchange_seconds

    @property
    def efficiency(self) -> float:
        """Portion of the time that is arithmetic: how many times as fast as one device, for each device."""
        return self.compute_seconds / self.seconds


def sent_bytes(gradient_bytes: float, devices: int) -> float:
    """Bytes that each device of a ring sends, and receives, to add up gradients."""
    return 2 * (devices - 1) / devices * gradient_bytes


def share_out(work: Workload, devices: int, bandwidth: float | None, model_parallel: int = 1) -> Portion:
    """Some work on a number of devices.

    Args:
        work: The work.
        devices: How many.
        bandwidth: What one device sends to the next, in GB a second; None counts no exchange.
        model_parallel: How many of them divide a model, a divisor of `devices`.
    """
    sent = work.sent_bytes(devices, model_parallel)
    exchange = sent / (bandwidth * GIGABYTE) if bandwidth else 0.0
    return Portion(devices, work.compute_seconds / devices, exchange)


def balance(work: Workload, bandwidth: float, model_parallel: int = 1) -> float:
    """The number of devices at which the exchange takes as long as the arithmetic of each: m + C / (2 A).

    C is the time of all arithmetic on one device, m how many divide a model, and A the time in which one of them sends
    the gradients that it has once; with n / m = r, C / n is equal to 2 (r - 1) / r A there. Infinity where nothing is
    exchanged.
    """
    once = work.held_bytes(model_parallel) / (bandwidth * GIGABYTE)
    return model_parallel + work.compute_seconds / (2 * once) if once else float("inf")


def counts_of_devices(batch_size: int, chosen: int, model_parallel: int = 1, most: int = 1024) -> list[int]:
    """Powers of two up to `most`, times what divides a model, that share a batch out evenly; and what was chosen."""
    powers = [1 << power for power in range(most.bit_length()) if batch_size % (1 << power) == 0]
    counts = {model_parallel * power for power in powers if model_parallel * power <= most}
    return sorted(counts | {chosen})
