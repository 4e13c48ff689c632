"""Made-up comments: an observation about a topic, sometimes a second one, sometimes a closing remark."""

import random

from sandbox.demo.phrases import CLOSINGS, FILLERS, NEUTRAL, OBSERVATIONS, TOPIC_NAMES


def comment(
    source: random.Random, sector: str, language: str, mood: str, topic: str | None = None
) -> tuple[str, list[str]]:
    """A comment in the language and mood (positive, negative, mixed or neutral), with the topics it touches."""
    pool = OBSERVATIONS[sector][language]
    topics = list(pool)
    first = topic if topic in pool else source.choice(topics)
    second = source.choice(topics)
    if mood == "neutral":
        text, touched = source.choice(NEUTRAL[sector][language]), []
    elif mood == "mixed":
        good, bad = source.choice(pool[first][0]), source.choice(pool[second][1])
        text = f"{good} {'Mais' if language == 'FR' else 'But'} {bad[0].lower()}{bad[1:]}"
        touched = [first, second]
    else:
        side = 0 if mood == "positive" else 1
        text, touched = source.choice(pool[first][side]), [first]
        if source.random() < 0.35 and second != first:
            text += f" {source.choice(pool[second][side])}"
            touched.append(second)
    if source.random() < 0.4:
        text += f" {source.choice(CLOSINGS[language][mood])}"
    if source.random() < 0.04:
        text = text.upper() if mood == "negative" else text.replace(". ", ".\n")
    return _filled(text, source, sector), [TOPIC_NAMES[name] for name in dict.fromkeys(touched)]


def _filled(text: str, source: random.Random, sector: str) -> str:
    for name, values in FILLERS[sector].items():
        for slot in (f"{{{name}}}", f"{{{name.upper()}}}"):
            if slot in text:
                text = text.replace(slot, source.choice(values))
    return text
