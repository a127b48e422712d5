"""A plan with its price: what every stage costs, what a device holds, and how long it takes where that can be said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mbert_cli.cost.exchange import Portion, Workload, balance, counts_of_devices, share_out
from mbert_cli.cost.memory import DeviceMemory
from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.passes import Passes
from mbert_cli.cost.speed import Speed
from mbert_cli.cost.training import StageCost, Training, count_recording


@dataclass(frozen=True)
class Estimate:
    """What a training costs.

    Attributes:
        training: What takes part.
        stages: What each stage costs.
        memory: What one device holds.
        disk_bytes: What the run needs on a disk at most.
        options: The machines that it is planned for.
        speeds: How fast one device is, by the name of a stage; empty where nothing is known.
        measured_on: Devices on which these speeds were measured; 0 where the recipe says them.
        model_parallel: How many devices divide a model.
    """

    training: Training
    stages: Sequence[StageCost]
    memory: DeviceMemory
    disk_bytes: int
    options: PlanOptions
    speeds: Mapping[str, Speed] = field(default_factory=dict)
    measured_on: int = 0
    model_parallel: int = 1

    @property
    def devices(self) -> int:
        """How many devices it is planned for."""
        return self.options.devices or 1

    @property
    def operations(self) -> Passes:
        """Those of all steps, and of a teacher that runs once before them."""
        return sum((cost.total for cost in self.stages), Passes(teacher=self.recording))

    @property
    def recording(self) -> float:
        """Operations of a teacher whose outputs are recorded before the first step."""
        return count_recording(self.training, [cost.stage for cost in self.stages])

    @property
    def recording_seconds(self) -> float:
        """The time of that on the devices of the plan, at the speed of the first stage for which it is recorded."""
        names = [cost.stage.name for cost in self.stages if cost.stage.name in self.training.recorded]
        if not names:
            return 0.0
        return self.recording / self.speeds[names[0]].operations_per_second / self.devices

    @property
    def steps(self) -> int:
        """Those of all stages."""
        return sum(cost.stage.steps for cost in self.stages)

    @property
    def work(self) -> Workload:
        """Arithmetic and gradients of all steps; only with speeds."""
        return sum((self._work_of(cost) for cost in self.stages), Workload(0, 0))

    def on(self, devices: int) -> Portion:
        """All steps on a number of devices; only with speeds, and for several devices with a bandwidth."""
        return share_out(self.work, devices, self.options.bandwidth, self.model_parallel)

    @property
    def validation_seconds(self) -> float:
        """Validations, on the devices of the plan: the batches of each, at the speed of the stage's steps."""
        batches = self.training.validation_batches
        return (
            sum(
                batches.get(cost.stage.name, 0)
                * cost.validation
                / self.speeds[cost.stage.name].operations_per_second
                for cost in self.stages
            )
            / self.devices
        )

    @property
    def first_steps_seconds(self) -> float:
        """What the first step of each stage takes longer."""
        return sum(self.speeds[cost.stage.name].first_step_seconds for cost in self.stages)

    @property
    def seconds(self) -> float:
        """The whole training on the devices of the plan."""
        beside = self.recording_seconds + self.first_steps_seconds + self.validation_seconds
        return self.on(self.devices).seconds + beside

    @property
    def knows_exchange(self) -> bool:
        """Whether it can say how long several devices take."""
        return bool(self.speeds) and self.options.bandwidth is not None

    @property
    def lacks_exchange(self) -> bool:
        """Whether the time of its devices is that of the arithmetic alone; what was measured on them has both."""
        return self.devices > 1 and self.options.bandwidth is None and self.measured_on != self.devices

    @property
    def sent_bytes(self) -> float:
        """Bytes that each device sends at a step of the stage that exchanges most."""
        parts = self.model_parallel
        return max(cost.workload(0.0).sent_bytes(self.devices, parts) for cost in self.stages)

    def scaling(self) -> list[Portion]:
        """All steps on 1 to 1,024 devices, as far as they divide a batch, and on those of the plan."""
        counts = counts_of_devices(self.training.batch_size, self.devices, self.model_parallel)
        return [self.on(count) for count in counts]

    @property
    def balanced_devices(self) -> float:
        """The number of devices above which the exchange takes longer than the arithmetic."""
        return balance(self.work, self.options.bandwidth or 0.0, self.model_parallel)

    def _work_of(self, cost: StageCost) -> Workload:
        seconds = cost.step.total / self.speeds[cost.stage.name].operations_per_second
        return cost.workload(seconds) * cost.stage.steps
