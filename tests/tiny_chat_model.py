"""A chat model small enough to be made on the spot: a tokenizer trained here, and random weights, or such that it
says one thing whatever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% endfor %}" + TEMPLATE
)
TEXT = ["Members may use the telescope on Friday nights.", "The passages tell what the documents say."] * 20
ASCII = "".join(chr(code) for code in range(33, 127))


def make(
    folder: Path,
    window: int = 2048,
    template: str | None = TEMPLATE,
    layers: int = 1,
    says: Sequence[str] = (),
) -> Path:
    """A Llama of about 20,000 random weights a layer, saved to `folder`.

    Its tokens are ASCII only and it never ends by itself, so that what it writes always streams. With `says` it
    writes these pieces, each other than all others, and ends.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"],
    )
    tokenizer.train_from_iterator([*TEXT, *ASCII], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = template
    fast.add_tokens([AddedToken(piece, normalized=False) for piece in says])
    fast.save_pretrained(str(folder))
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=window,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    if says:
        chain(model, fast.convert_tokens_to_ids(["<|assistant|>", *says, "<|end|>"]))
    else:
        model.generation_config.suppress_tokens = [*fast.all_special_ids, 1, 2, 3]
    model.save_pretrained(str(folder))
    return folder


def chain(model: Any, tokens: Sequence[int]) -> None:
    """Let each of `tokens` be followed by the next: attention and MLP add nothing, so that the last token alone
    decides, and its direction is the next one's output weight."""
    import torch

    assert len(tokens) <= model.config.hidden_size + 1, "each has a direction of its own"
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        model.model.embed_tokens.weight.zero_()
        for at, (token, after) in enumerate(zip(tokens, tokens[1:], strict=False)):
            model.model.embed_tokens.weight[token, at] = 1.0
            model.lm_head.weight[after, at] = 10.0
