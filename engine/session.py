"""The stages of a kernel's life: connect, reconcile, run, stop. Moved by inputs and timers only.

Starting asks the clients to connect, and returns. When the last one has, the execution clients
are reconciled; when the last of those agrees, strategies and actors start. Each stage has a
bound, and a kernel that misses it does not trade: it ends in FAILED_START and says what it missed.

Stopping goes the other way: strategies first, while their cancels still have somewhere to go;
then a grace for the answers; then the clients.
"""

from collections.abc import Callable, Sequence
from typing import Final

from engine import topics
from engine.actor import Actor
from engine.bus import HandlerFailed
from engine.clients import Client, is_execution_client
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.engine import DataEngine
from engine.execution.engine import ExecutionEngine
from engine.lifecycle import KernelTrigger, next_kernel_state
from engine.model.commands import Connect, Disconnect, StartKernel, StopKernel
from engine.model.enums import ComponentState, KernelState
from engine.model.events import Alert, Refused, TimeEvent
from engine.model.identifiers import ClientId, ComponentId
from engine.model.reports import ClientConnected, ClientDisconnected

KERNEL_ID: Final = ComponentId("Kernel")
_CONNECTION: Final = "CONNECTION_TIMEOUT"
_RECONCILIATION: Final = "RECONCILIATION_TIMEOUT"
_GRACE: Final = "STOP_GRACE"


class Session:
    """One kernel's way from READY to its end, with the clients and components that take part.

    Args:
        connection_timeout_ns: from StartKernel until every client is connected.
        reconciliation_timeout_ns: from then until every execution client agrees.
        stop_grace_ns: from the last `on_stop` until the clients are disconnected; 0 is the next
            turn, at the same instant.

    Attributes:
        on_over: called when the kernel has stopped or failed to start, in that turn.
    """

    __slots__ = (
        "_clients",
        "_clock",
        "_components",
        "_connected",
        "_connection_timeout_ns",
        "_ctx",
        "_data_engine",
        "_execution_engine",
        "_log",
        "_reconciled",
        "_reconciliation_timeout_ns",
        "_stop_grace_ns",
        "failure",
        "on_over",
    )

    on_over: Callable[[], None]

    def __init__(
        self,
        ctx: Context,
        clients: Sequence[Client],
        connection_timeout_ns: int,
        reconciliation_timeout_ns: int,
        stop_grace_ns: int,
    ) -> None:
        self._ctx = ctx
        self._clients = {client.client_id: client for client in clients}
        if len(self._clients) != len(clients):
            raise ValueError("two clients share one id")
        self._connection_timeout_ns = connection_timeout_ns
        self._reconciliation_timeout_ns = reconciliation_timeout_ns
        self._stop_grace_ns = stop_grace_ns
        self._clock = ComponentClock(ctx.clock, KERNEL_ID)
        self._log = ctx.log.for_component(KERNEL_ID)
        self._components: dict[ComponentId, Actor] = {}
        self._connected = dict.fromkeys(self._clients, False)
        self._reconciled = {
            client_id: not is_execution_client(client)
            for client_id, client in self._clients.items()
        }
        self.failure = ""

    def attach(self, data_engine: DataEngine, execution_engine: ExecutionEngine) -> None:
        """Take the engines, which are made after this."""
        self._data_engine = data_engine
        self._execution_engine = execution_engine

    # -- components -----------------------------------------------------------------------------

    def add(self, component: Actor) -> None:
        """Take a registered strategy or actor along; it starts in the order added."""
        self._components[component.component_id] = component

    def check_addable(self, component_id: ComponentId) -> None:
        """Raises ValueError when the id is taken or the kernel has started."""
        if self._ctx.kernel_state is not KernelState.READY:
            raise ValueError(f"{component_id} comes after the start")
        if component_id in self._components:
            raise ValueError(f"component id {component_id} is taken")

    def components(self) -> list[Actor]:
        return list(self._components.values())

    def owns(self, component_id: ComponentId | None) -> bool:
        return component_id in self._components

    # -- inputs ---------------------------------------------------------------------------------

    def start(self, command: StartKernel) -> None:
        if self._ctx.kernel_state is not KernelState.READY:
            self._refuse("NOT_READY", "StartKernel")
            return
        self._move(KernelTrigger.START)
        now_ns = self._clock.now_ns
        for client_id, client in self._clients.items():
            self._ctx.outbox.append((client, Connect(self._ctx.new_id(), client_id, now_ns)))
        self._clock.set_time_alert_ns(
            _CONNECTION, now_ns + self._connection_timeout_ns, self._connection_timed_out
        )
        self._go_on()

    def stop(self, command: StopKernel) -> None:
        if self._ctx.kernel_state in (KernelState.STOPPING, KernelState.STOPPED):
            self._refuse("STOPPING_ALREADY", "StopKernel")
            return
        self._log.info("stopping", reason=command.reason)
        self._clock.cancel_timers()
        active = [component for component in self._components.values() if _is_active(component)]
        for component in active:
            _charge(component, component.stop)
        for component in self._components.values():
            component.release()
        self._move(KernelTrigger.STOP)
        if active:  # even no grace is a turn of its own: what `on_stop` asked for leaves first
            self._clock.set_time_alert_ns(
                _GRACE, self._clock.now_ns + self._stop_grace_ns, self._grace_is_over
            )
        else:
            self._finish()

    def client_connected(self, message: ClientConnected) -> None:
        client_id = message.client_id
        if client_id not in self._clients:
            self._refuse("UNKNOWN_CLIENT", f"ClientConnected {client_id}")
            return
        self._connected[client_id] = True
        self._data_engine.client_connected(client_id)
        self._execution_engine.client_connected(client_id)
        client = self._clients[client_id]
        if self._ctx.kernel_state is KernelState.CONNECTING:
            self._go_on()
        elif is_execution_client(client):
            self._execution_engine.start_reconcile(client)

    def client_disconnected(self, message: ClientDisconnected) -> None:
        client_id = message.client_id
        if client_id not in self._clients:
            self._refuse("UNKNOWN_CLIENT", f"ClientDisconnected {client_id}")
            return
        self._connected[client_id] = False
        self._reconciled[client_id] = not is_execution_client(self._clients[client_id])
        self._data_engine.client_disconnected(client_id)
        self._execution_engine.client_disconnected(client_id)
        self._log.warning("client disconnected", client=client_id, reason=message.reason)

    def client_reconciled(self, client_id: ClientId) -> None:
        """The ExecutionEngine's word that this client's venue and the cache agree."""
        self._reconciled[client_id] = True
        self._go_on()

    # -- stages ---------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Enter the next stage of the start when the present one is complete."""
        if self._ctx.kernel_state is KernelState.CONNECTING and all(self._connected.values()):
            self._clock.cancel_timer(_CONNECTION)
            self._move(KernelTrigger.ALL_CONNECTED)
            self._clock.set_time_alert_ns(
                _RECONCILIATION,
                self._clock.now_ns + self._reconciliation_timeout_ns,
                self._reconciliation_timed_out,
            )
            for client in self._clients.values():
                if is_execution_client(client):
                    self._execution_engine.start_reconcile(client)
        if self._ctx.kernel_state is KernelState.RECONCILING and all(self._reconciled.values()):
            self._clock.cancel_timer(_RECONCILIATION)
            self._move(KernelTrigger.ALL_RECONCILED)
            for component in self._components.values():
                _charge(component, component.start)

    def _connection_timed_out(self, event: TimeEvent) -> None:
        self._give_up("not connected", self._connected)

    def _reconciliation_timed_out(self, event: TimeEvent) -> None:
        self._give_up("not reconciled", self._reconciled)

    def _give_up(self, what: str, done: dict[ClientId, bool]) -> None:
        missing = ", ".join(client_id for client_id, is_done in done.items() if not is_done)
        self.failure = f"{what}: {missing}"
        self._move(KernelTrigger.GIVE_UP)
        alert = Alert("FAILED_START", KERNEL_ID, self.failure, self._clock.now_ns)
        self._ctx.facts.append(alert)
        self._ctx.bus.dispatch(topics.ALERT, alert)
        self._log.error("start failed", why=self.failure)
        self._let_go()

    def _grace_is_over(self, event: TimeEvent) -> None:
        self._finish()

    def _finish(self) -> None:
        self._move(KernelTrigger.STOP_COMPLETED)
        self._let_go()

    def _let_go(self) -> None:
        for client_id, client in self._clients.items():
            command = Disconnect(self._ctx.new_id(), client_id, self._clock.now_ns)
            self._ctx.outbox.append((client, command))
        self._ctx.clock.cancel_all()
        self.on_over()

    def _move(self, trigger: KernelTrigger) -> None:
        self._ctx.kernel_state = next_kernel_state(self._ctx.kernel_state, trigger)
        self._log.info("kernel state", state=self._ctx.kernel_state.name)

    def _refuse(self, reason: str, of: str) -> None:
        refused = Refused(reason, of, self._clock.now_ns)
        self._ctx.facts.append(refused)
        self._ctx.bus.dispatch(topics.REFUSED, refused)


def _is_active(component: Actor) -> bool:
    return component.state in (ComponentState.RUNNING, ComponentState.DEGRADED)


def _charge(component: Actor, action: Callable[[], None]) -> None:
    """Run a component's own code; what it raises is its author's."""
    try:
        action()
    except Exception as error:
        raise HandlerFailed(component.component_id, error) from error
