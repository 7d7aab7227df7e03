"""What the list of saved chats is given to draw."""

from __future__ import annotations

import time

from rag.chats.conversations import Chat
from rag.ui.sidebar import chats_json

DAY = 24 * 3600


def test_chats_stand_under_their_days_pinned_ones_first() -> None:
    now = time.time()
    chats = [
        Chat("c", "Leave", "Handbook", now - 90 * DAY, now - 90 * DAY, pinned=True),
        Chat("b", "<b>Tea</b> & *milk*", "Handbook", now, now),
        Chat("a", "", "Handbook", now - DAY, now),
    ]
    data = chats_json(chats, "b")
    assert data["current"] == "b"
    assert [(each["day"], [chat["id"] for chat in each["chats"]]) for each in data["days"]] == [
        ("Pinned", ["c"]),
        ("Today", ["b", "a"]),
    ]
    pinned, tea, untitled = (chat for each in data["days"] for chat in each["chats"])
    assert (pinned["pinned"], tea["pinned"]) == (True, False)
    assert tea["title"] == "<b>Tea</b> & *milk*", "it is drawn as text, so no sign is escaped"
    assert untitled["title"] == "Untitled"
