"""A Hugging Face chat model in this process: LangChain's, made to stop when told and to report faults.

LangChain's own pipeline streams from a thread that nothing can stop, that swallows errors and that
gives up when the prompt takes a minute to read; on two cores it does.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import GenerationChunk
from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline

from ingest.errors import ModelUnavailable
from ingest.inference.hub import model_folder

ANSWER_TOKENS = 512  # written at most, and at most a quarter of the window: a few sentences are asked for
POLL_SECONDS = 0.05


def never() -> bool:
    return False


class StoppablePipeline(HuggingFacePipeline):
    """`_stream` ends within one token, or one layer while the prompt is read, of `stopped()` turning true or its
    iterator being closed."""

    def _stream(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        stopped: Callable[[], bool] = never,
        **kwargs: Any,
    ) -> Iterator[GenerationChunk]:
        from transformers import StoppingCriteriaList, TextStreamer

        model, tokenizer = self.pipeline.model, self.pipeline.tokenizer
        pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        closed = threading.Event()

        class Pieces(TextStreamer):  # type: ignore[misc]
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                pieces.put(text)

        def asked_to_stop(ids: Any, scores: Any, **_: Any) -> Any:
            return ids.new_full((ids.shape[0],), closed.is_set() or stopped(), dtype=bool_type)

        def generate() -> None:
            _here.stopped = lambda: closed.is_set() or stopped()
            try:
                # The chat template has written the special tokens already.
                inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
                model.generate(
                    input_ids=inputs["input_ids"].to(model.device),
                    attention_mask=inputs["attention_mask"].to(model.device),
                    streamer=Pieces(tokenizer, skip_prompt=True, skip_special_tokens=True),
                    stopping_criteria=StoppingCriteriaList([asked_to_stop]),
                    pad_token_id=tokenizer.pad_token_id,
                    **(self.pipeline_kwargs or {}),
                )
            except _Stopped:
                pass  # nobody waits for more
            except Exception as error:  # noqa: BLE001 -- raised again where the answer is awaited
                pieces.put(error)
            finally:
                pieces.put(None)

        import torch

        bool_type = torch.bool
        writer = threading.Thread(target=generate, name="local-chat", daemon=True)
        writer.start()
        try:
            while not stopped():
                with contextlib.suppress(queue.Empty):
                    piece = pieces.get(timeout=POLL_SECONDS)
                    if piece is None:
                        return
                    if isinstance(piece, Exception):
                        raise piece
                    if piece:
                        yield GenerationChunk(text=piece)
        finally:
            closed.set()
            writer.join(timeout=1.0)  # one token, or one layer of a prompt


class _Stopped(Exception):
    """Whoever asked is gone."""


_here = threading.local()  # `stopped` of the thread that writes


def _end_if_stopped(*_: Any) -> None:
    if getattr(_here, "stopped", never)():
        raise _Stopped


def end_within_a_layer(model: Any) -> None:
    """Let a writing thread end before each layer, too: reading a long prompt is one step of generation, and
    takes minutes on two cores."""
    import torch

    stacks = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    for layer in max(stacks, key=len, default=()):
        layer.register_forward_pre_hook(_end_if_stopped)


def open_local(model_id: str, temperature: float, allow_download: bool) -> ChatHuggingFace:
    """The chat model in a folder, or on the hub when `allow_download` or already in the cache.

    Weights are float32 on a CPU and must be safetensors. Raises ModelUnavailable.
    """
    import torch

    folder = model_folder(
        model_id, allow_download, "chat model", "the Settings page or FOOTNOTE_LLM"
    ).resolve()
    sampling = {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}
    on_cpu = not torch.cuda.is_available()
    try:
        chat: BaseChatModel = init_chat_model(
            str(folder),
            model_provider="huggingface",
            device=-1 if on_cpu else 0,
            model_kwargs={
                "dtype": "float32" if on_cpu else "auto",
                "use_safetensors": True,
                "local_files_only": True,
            },
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelUnavailable(
            f"“{folder.name}” cannot be loaded as a transformers chat model: {_first_line(error)} "
            "Choose a folder with config.json, a tokenizer and safetensors weights on the Settings page, or in FOOTNOTE_LLM."
        ) from error
    assert isinstance(chat, ChatHuggingFace)
    assert isinstance(chat.llm, HuggingFacePipeline)
    tokenizer = chat.tokenizer
    if not tokenizer.chat_template:
        raise ModelUnavailable(
            f"“{folder.name}” has no chat template, so it cannot be talked to. Choose an instruction-tuned "
            "model."
        )
    end_within_a_layer(chat.llm.pipeline.model)
    stoppable = StoppablePipeline(
        pipeline=chat.llm.pipeline,
        model_id=str(folder),
        model_kwargs=chat.llm.model_kwargs,
    )
    stoppable.pipeline_kwargs = {**sampling, "max_new_tokens": _answer_tokens(stoppable)}
    return ChatHuggingFace(
        llm=stoppable,
        model_id=str(folder),
        tokenizer=tokenizer,
        custom_get_token_ids=lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"]),
    )


def takes_system_message(chat: ChatHuggingFace) -> bool:
    """Whether the chat template knows the role "system"; some raise an error instead."""
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    try:
        chat.tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception:  # noqa: BLE001 -- whatever the template, which is data, chose to raise
        return False
    return True


def window_tokens(chat: ChatHuggingFace) -> int | None:
    """Tokens that prompt and answer may have together; None where the model doesn't say."""
    return _window(chat.llm)


def answer_tokens(chat: ChatHuggingFace) -> int:
    """Tokens an answer may have."""
    return int(chat.llm.pipeline_kwargs["max_new_tokens"])


def _window(llm: HuggingFacePipeline) -> int | None:
    size = getattr(llm.pipeline.model.config.get_text_config(), "max_position_embeddings", None)
    return int(size) if size else None


def _answer_tokens(llm: HuggingFacePipeline) -> int:
    window = _window(llm)
    return min(ANSWER_TOKENS, window // 4) if window else ANSWER_TOKENS


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line[:200].rstrip(".") + "."
