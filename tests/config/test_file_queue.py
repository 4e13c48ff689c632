"""The embedded broker: each message whole, once, in order."""

from __future__ import annotations

import threading
import uuid
from queue import Empty

import pytest
from kombu import Connection, Queue

from config.running import file_queue  # noqa: F401 (makes `files://` known)


@pytest.fixture
def connect(tmp_path):
    for folder in ("messages", "control"):
        (tmp_path / folder).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    return lambda: Connection("files://localhost", transport_options=options)


@pytest.fixture
def jobs() -> str:
    """A queue of its own per test: within a process kombu remembers which queues it has bound, whatever the folder."""
    return f"jobs-{uuid.uuid4()}"


def take(queue) -> list:
    found = []
    try:
        while True:
            message = queue.get(block=False)
            message.ack()
            found.append(message.payload)
    except Empty:
        return found


def test_messages_come_once_and_in_order(connect, jobs):
    with connect() as connection, connection.SimpleQueue(jobs) as queue:
        for number in range(20):
            queue.put({"number": number})
        assert [payload["number"] for payload in take(queue)] == list(range(20))
        assert take(queue) == []


def test_messages_outlive_the_process_that_sent_them(connect, jobs):
    with connect() as connection, connection.SimpleQueue(jobs) as queue:
        queue.put({"number": 1})
    with connect() as connection, connection.SimpleQueue(jobs) as queue:
        assert take(queue) == [{"number": 1}]


def test_two_who_take_while_two_put_lose_and_double_nothing(connect, jobs):
    each, taken, errors = 150, [], []
    done = threading.Event()

    def put(start):
        with connect() as connection, connection.SimpleQueue(jobs) as queue:
            for number in range(start, start + each):
                queue.put({"number": number, "padding": "x" * 5000})

    def get():
        try:
            with connect() as connection, connection.SimpleQueue(jobs) as queue:
                while True:
                    putting = not done.is_set()
                    found = take(queue)
                    taken.extend(payload["number"] for payload in found)
                    if not putting and not found:
                        return
        except Exception as error:
            errors.append(error)

    with connect() as connection, connection.SimpleQueue(jobs):
        pass  # bound once: kombu's memory of what is bound is not made for threads
    getters = [threading.Thread(target=get) for _ in range(2)]
    putters = [threading.Thread(target=put, args=(start,)) for start in (0, each)]
    for thread in (*getters, *putters):
        thread.start()
    for thread in putters:
        thread.join()
    done.set()
    for thread in getters:
        thread.join(60)
    assert errors == []
    assert sorted(taken) == list(range(2 * each))


def test_queues_bound_at_the_same_time_are_all_there(connect):
    names = [f"queue{number}-{uuid.uuid4()}" for number in range(12)]

    def bind(name):
        with connect() as connection:
            Queue(name, exchange=None, routing_key=name, channel=connection.channel()).declare()
            with connection.SimpleQueue(name) as queue:
                queue.put({"to": name})

    threads = [threading.Thread(target=bind, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with connect() as connection:
        for name in names:
            with connection.SimpleQueue(name) as queue:
                assert take(queue) == [{"to": name}]
