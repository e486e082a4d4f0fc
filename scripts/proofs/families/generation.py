"""Greedy and beam search of the reference, with the margins by which it decided."""

import torch

from answers import forget_lengths


class Margins:
    """The smallest gap, for each prompt, between neighbours among the continuations that a beam search ranked: below it, rounding decides.

    Wraps the method of transformers that picks the continuations of a step.
    """

    def __init__(self, model):
        self.gaps = None
        self.model, self.inner = model, model._get_top_k_continuations

    def __enter__(self):
        def pick(**arguments):
            beams = arguments["beams_to_keep"]
            best = arguments["accumulated_log_probs"].topk(min(beams + 1, arguments["accumulated_log_probs"].shape[-1]), dim=-1).values
            gaps = (best[:, :-1] - best[:, 1:]).double()
            # Beams that do not exist yet have a score of -1e9.
            gaps = torch.where(best[:, 1:] < -1e7, torch.inf, gaps).amin(-1)
            self.gaps = gaps if self.gaps is None else torch.minimum(self.gaps, gaps)
            return self.inner(**arguments)

        self.model._get_top_k_continuations = pick
        return self

    def __exit__(self, *_):
        del self.model._get_top_k_continuations


def goes_beyond(config):
    """Whether the model supports more tokens than max_position_embeddings: where all blocks scale with the length."""
    return (getattr(config, "rope_parameters", None) or {}).get("rope_type") == "dynamic"


def prompts(case, fresh):
    """Rows of different lengths, as the library takes them, and padded on the left, as transformers takes them."""
    draw = case.draw
    V, pad = case.config.vocab_size, 0
    longest = 9 if goes_beyond(case.config) else max(2, min(9, case.config.max_position_embeddings - fresh))
    rows = [[draw.randrange(V) for _ in range(draw.randint(2, longest))] for _ in range(draw.randint(1, 3))]
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return rows, ids, mask


def generate(case, pair, answers):
    """Greedy search, then beams, with a stop token that the greedy search meets."""
    draw = case.draw
    fresh = draw.randint(3, 10)
    if not goes_beyond(case.config):
        fresh = min(fresh, case.config.max_position_embeddings - 2)
    rows, ids, mask = prompts(case, fresh)
    greedy = search(pair.f32, ids, mask, fresh, None)
    found = greedy.sequences[:, ids.shape[1] :]
    eos = int(found[0, found.shape[1] // 2]) if draw.chance(0.7) else None
    beams = draw.randint(2, 5)
    options = {
        "num_beams": beams,
        "num_return_sequences": draw.randint(1, beams),
        "length_penalty": draw.pick(1.0, 0.0, draw.between(-1, 2)),
        "early_stopping": draw.pick(False, True, "never"),
    }
    best = search(pair.f32, ids, mask, fresh, eos)
    answers.tensors["greedy.logits"] = torch.stack(best.logits).double()  # (N, B, V)
    with Margins(pair.f32) as margins:
        searched = search(pair.f32, ids, mask, fresh, eos, **options)
    with Margins(pair.f64) as margins64:
        truth = search(pair.f64, ids, mask, fresh, eos, **options)
    answers.facts["generation"] = {
        "prompts": rows,
        "fresh": fresh,
        "eos": eos,
        "options": options,
        "greedy": cut(best.sequences, mask, ids.shape[1], eos, 1),
        "beams": cut(searched.sequences, mask, ids.shape[1], eos, options["num_return_sequences"]),
        "beams64": cut(truth.sequences, mask, ids.shape[1], eos, options["num_return_sequences"]),
        "scores": searched.sequences_scores.tolist(),
        "scores64": truth.sequences_scores.tolist(),
        "margins": torch.minimum(margins.gaps, margins64.gaps).clamp(max=1e9).tolist(),
    }


def search(model, ids, mask, fresh, eos, **options):
    from transformers import GenerationConfig

    forget_lengths(model)
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=0, bos_token_id=None, do_sample=False, max_new_tokens=fresh)
    with torch.no_grad():
        return model.generate(
            ids, attention_mask=mask, return_dict_in_generate=True, output_logits="num_beams" not in options, output_scores="num_beams" in options, **options
        )


def cut(sequences, mask, width, eos, copies):
    """Rows without padding: the prompt, and new tokens up to the stop token."""
    rows = []
    for i, row in enumerate(sequences.tolist()):
        prompt = [token for token, on in zip(row[:width], mask[i // copies].tolist()) if on]
        new = row[width:]
        rows.append(prompt + (new[: new.index(eos) + 1] if eos in new else new))
    return rows
