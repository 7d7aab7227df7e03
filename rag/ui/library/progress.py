"""Files in work, with rate and time left, redrawn once a second only while something is running."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.errors import FootnoteError
from ingest.model.adding import ENDED, AddState, JobInfo, JobStage
from ingest.protocols import Library
from rag.ui import session
from rag.ui.cached import opened
from rag.ui.render import counted, duration, job_line, job_share
from rag.ui.session import plain

SHOWN = 6  # files in work with a bar of their own
OUTCOMES = {
    AddState.ADDED: "added",
    AddState.REPLACED: "replaced",
    AddState.UNCHANGED: "unchanged",
    AddState.DUPLICATE: "already here under another name",
    AddState.MOVED: "moved",
}


def running(jobs: Sequence[JobInfo]) -> list[JobInfo]:
    return [job for job in jobs if job.stage not in ENDED]


def draw(library: Library) -> None:
    """What is in work in `library`, then what has ended and wants a look or an answer."""
    jobs = library.jobs()
    if running(jobs):
        _live(library.name)
    elif jobs:
        _ended(library, jobs)


def draw_beside_chat(library: Library) -> None:
    """What is in work, and one line when something waits for the person on the Library page."""
    jobs = library.jobs()
    failed = sum(job.stage is JobStage.FAILED for job in jobs)
    if running(jobs):
        _live(library.name)
    elif failed:
        st.caption(f"{counted(failed, 'file')} not added. The Library page says why.")


@st.fragment(run_every=1.0)
def _live(library_name: str) -> None:
    library = opened().home.library(library_name)
    jobs = library.jobs()
    active = running(jobs)
    if not active:
        st.rerun()
    with st.container(key="working", border=True):
        _summary(library, jobs, active)
        started = [job for job in active if job.stage is not JobStage.WAITING]
        for job in started[:SHOWN]:
            st.progress(job_share(job), text=f"**{plain(job.key)}** · {plain(job_line(job))}")
        waiting = len(active) - len(started)
        if waiting:
            names = ", ".join(job.key for job in active if job.stage is JobStage.WAITING)
            st.caption(
                plain(f"{counted(waiting, 'file')} waiting: {names[:160]}{'…' if len(names) > 160 else ''}")
            )
    failed = [job for job in jobs if job.stage is JobStage.FAILED]
    if failed:
        _failed(library, failed)


def _summary(library: Library, jobs: Sequence[JobInfo], active: Sequence[JobInfo]) -> None:
    done = len(jobs) - len(active)
    share = (done + sum(job_share(job) for job in active)) / len(jobs)
    left = _time_left(jobs, active)
    home = opened().home
    paused = home.paused()
    with st.container(horizontal=True, vertical_alignment="center"):
        state = "Paused" if paused else left
        st.markdown(f"**{done} of {counted(len(jobs), 'file')}**" + (f" · {state}" if state else ""))
        if paused:
            if st.button("Resume", type="tertiary", icon=":material/play_circle:", key="resume_jobs"):
                home.pause(False)
                st.rerun()
        elif st.button("Pause", type="tertiary", icon=":material/pause_circle:", key="pause_jobs"):
            home.pause()
            st.rerun()
        if st.button("Stop", type="tertiary", icon=":material/stop_circle:", key="stop_jobs"):
            library.cancel([job.id for job in active])
            st.rerun()
    if len(jobs) > 1:
        st.progress(min(1.0, share), text="All files")


def _time_left(jobs: Sequence[JobInfo], active: Sequence[JobInfo]) -> str:
    """From what these files took so far: the share that is done and the time since the first was added."""
    import time

    share = (len(jobs) - len(active) + sum(job_share(job) for job in active)) / len(jobs)
    elapsed = time.time() - min(job.added_at for job in jobs)
    if share < 0.05 or elapsed < 2:
        return ""
    return f"about {duration(elapsed * (1 - share) / share)} left"


# ---------------------------------------------------------------------- what has ended


def _ended(library: Library, jobs: Sequence[JobInfo]) -> None:
    failed = [job for job in jobs if job.stage is JobStage.FAILED]
    fine = [job for job in jobs if job.stage is not JobStage.FAILED]
    if failed:
        _failed(library, failed)
    if fine:
        with st.container(horizontal=True, vertical_alignment="center", key="ended"):
            st.caption(plain(outcome_line(fine)))
            if st.button("Dismiss", type="tertiary", key="dismiss_fine"):
                library.dismiss([job.id for job in fine])
                st.rerun()


def outcome_line(jobs: Sequence[JobInfo]) -> str:
    """ "3 files added, 1 file unchanged"."""
    counts: dict[str, int] = {}
    for job in jobs:
        word = OUTCOMES.get(job.result.state, "stopped") if job.result else "stopped"
        if job.stage is JobStage.CANCELLED:
            word = "stopped"
        counts[word] = counts.get(word, 0) + 1
    if len(jobs) == 1:
        return f"{jobs[0].key}: {next(iter(counts))}"
    return ", ".join(f"{counted(number, 'file')} {word}" for word, number in counts.items())


def _failed(library: Library, failed: Sequence[JobInfo]) -> None:
    with st.container(key="failed", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{counted(len(failed), 'file')} not added**")
            simple = [job for job in failed if not needs_choice(job)]
            if len(simple) > 1 and st.button("Try all again", type="tertiary", key="retry_all"):
                retry(library, simple)
            if len(failed) > 1 and st.button("Dismiss all", type="tertiary", key="dismiss_failed"):
                library.dismiss([job.id for job in failed])
                st.rerun()
        for job in failed:
            _failed_row(library, job)


def needs_choice(job: JobInfo) -> bool:
    return bool(job.result and (job.result.needs_password or job.result.taken))


def _failed_row(library: Library, job: JobInfo) -> None:
    with st.container(key=f"failed_{job.id}", gap="xsmall"):
        st.markdown(f"**{plain(job.key)}**")
        st.text(job.result.message if job.result else "Stopped.")
        if job.result and job.result.needs_password:
            _password(library, job)
            return
        with st.container(horizontal=True):
            if job.result and job.result.taken:
                if st.button("Replace the old one", key=f"replace_{job.id}"):
                    retry(library, [job], replace=True)
                if st.button("Keep both", key=f"both_{job.id}"):
                    retry(library, [job], replace=False)
            elif st.button("Try again", key=f"retry_{job.id}"):
                retry(library, [job])
            if st.button("Dismiss", type="tertiary", key=f"dismiss_{job.id}"):
                library.dismiss([job.id])
                st.rerun()


def _password(library: Library, job: JobInfo) -> None:
    with st.form(f"password_{job.id}", border=False):
        password = st.text_input(
            "Password", type="password", key=f"password_text_{job.id}", autocomplete="off"
        )
        keep = st.checkbox("Remember it on this computer", value=False, key=f"password_keep_{job.id}")
        with st.container(horizontal=True):
            unlock = st.form_submit_button("Unlock", type="primary")
            dismiss = st.form_submit_button("Leave it out", type="tertiary")
    if unlock and password:
        retry(library, [job], password=password, keep_password=keep)
    elif unlock:
        st.caption("Type the password first.")
    if dismiss:
        library.dismiss([job.id])
        st.rerun()


def retry(
    library: Library,
    jobs: Sequence[JobInfo],
    *,
    password: str | None = None,
    keep_password: bool = False,
    replace: bool | None = None,
) -> None:
    """Queue failed files again and redraw the page."""
    try:
        for job in jobs:
            library.retry(job.id, password=password, keep_password=keep_password, replace=replace)
    except FootnoteError as error:
        session.show_later(error)
    st.rerun()
