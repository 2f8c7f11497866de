#!/usr/bin/env python3
"""Trains the model that tells machines from people, and writes it as Swift.

    train.py TRAIN.csv TUNE.csv OUTPUT.swift

The CSV files are what `belay-machines rows` prints: the features at every judgement, as the server computes them. The
trees are fitted to the first file; how sure is sure enough, and when, is chosen with the second.
`scripts/bench machines --train` runs it.
"""
import csv
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

# From the first sound on, in seconds: within each span its own certainties are asked for.
SPANS = [0.9, 1.3, 1.6, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0]
TREES = 120
# Told, but not used: in drawn calls they say nothing that they would say of real ones.
UNUSED = ("firstSound", "level")
# A person waits before being held to be one, in seconds: as GreetingModel has it.
WAITING = 0.3
# At most so many people may be taken for machines when the certainties are chosen; the aim is 1 in 200.
FALSE_MACHINES = 0.004
ATTEMPTS = 4000
SEED = 1


class Rows:
    """One file: the judgements of all trials, in order."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader)
            self.names = header[5:]
            trials, labels, beeps, values = [], [], [], []
            for row in reader:
                trials.append(int(row[0]))
                labels.append(row[1] == "machine")
                beeps.append(row[4] == "beep")
                values.append([float(value) for value in row[5:]])
        self.trial = np.array(trials)
        self.label = np.array(labels)
        self.beep = np.array(beeps)
        self.features = np.array(values, dtype=np.float32)
        for name in UNUSED:
            self.features[:, self.names.index(name)] = 0
        self.elapsed = self.features[:, self.names.index("elapsed")]
        self.pause = self.features[:, self.names.index("pauseNow")] + 1e-6
        starts = np.flatnonzero(np.r_[True, self.trial[1:] != self.trial[:-1]])
        self.starts, self.ends = starts, np.r_[starts[1:], len(self.trial)]
        self.span = np.searchsorted(SPANS, self.elapsed + 1e-6, side="right") - 1


def weights(rows):
    """Each trial counts the same, however long it goes on, and people count as much as machines."""
    result = np.zeros(len(rows.trial))
    for start, end in zip(rows.starts, rows.ends):
        result[start:end] = 1 / (end - start)
    for label in (True, False):
        result[rows.label == label] /= result[rows.label == label].sum()
    return result * len(result)


def train(rows):
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=12, learning_rate=0.12, min_samples_leaf=300, l2_regularization=5.0,
        max_features=0.5, early_stopping=False, random_state=SEED)
    model.fit(rows.features, rows.label, sample_weight=weights(rows))
    return model


def decide(rows, probability, machine, human):
    """What is decided of each trial, and when: -1 a person, 1 a machine, 0 nothing."""
    inside = rows.span >= 0
    says = np.where(inside & (probability >= machine[rows.span]), 1, 0)
    says = np.where(inside & (probability <= human[rows.span]) & (rows.pause >= WAITING), -1, says)
    never = len(says)
    first = np.minimum.reduceat(np.where(says != 0, np.arange(never), never), rows.starts)
    decided = first < rows.ends
    at = np.where(decided, first, rows.ends - 1)
    # A beep after the last judgement is a machine's.
    return np.where(decided, says[at], rows.beep[rows.starts]), rows.elapsed[at], rows.label[rows.starts]


def cost(rows, probability, machine, human):
    answers, times, labels = decide(rows, probability, machine, human)
    false = np.mean(answers[~labels] == 1)
    unfound = np.mean(answers[labels] != 1)
    undecided = np.mean(answers[~labels] == 0)
    middle, late = np.quantile(times, 0.5), np.quantile(times, 0.95)
    total = 2000 * max(0, false - FALSE_MACHINES) + 30 * false + 300 * max(0, unfound - 0.025) + 15 * unfound
    total += 10 * undecided + 2 * max(0, middle - 1.7) + 2 * max(0, late - 3.9) + 0.2 * np.mean(times)
    return total, (false, unfound, undecided, middle, late)


def choose(rows, probability):
    """Certainties for each span, by trying changes and keeping what helps."""
    random = np.random.default_rng(SEED)

    def share(logits):
        return 1 / (1 + np.exp(-logits))

    machine, human = np.full(len(SPANS), 5.0), np.full(len(SPANS), -4.0)
    best, figures = cost(rows, probability, share(machine), share(human))
    for _ in range(ATTEMPTS):
        tried = [machine.copy(), human.copy()]
        for _ in range(random.integers(1, 4)):
            which, index, step = random.integers(2), random.integers(len(SPANS)), random.choice([0.3, 1, 3])
            moved = tried[which][index] + random.normal(0, step)
            tried[which][index] = np.clip(moved, 0, 12) if which == 0 else np.clip(moved, -12, 0)
        total, now = cost(rows, probability, share(tried[0]), share(tried[1]))
        if total <= best:
            best, figures, (machine, human) = total, now, tried
    return share(machine), share(human), figures


def write(model, names, machine, human, path):
    trees = [predictors[0].nodes for predictors in model._predictors]
    roots, nodes = [], []
    for tree in trees:
        offset = len(nodes)
        roots.append(offset)
        for node in tree:
            if node["is_leaf"]:
                nodes.append((-1, 0.0, 0, 0, float(node["value"])))
            else:
                nodes.append((int(node["feature_idx"]), float(node["num_threshold"]), offset + int(node["left"]),
                              offset + int(node["right"]), 0.0))
    base = float(np.ravel(model._baseline_prediction)[0])

    def table(name, kind, values):
        lines, line = [], "       "
        for value in values:
            text = f" {value},"
            if len(line) + len(text) > 118:
                lines.append(line)
                line = "       "
            line += text
        lines.append(line)
        return f"    private static let {name}: [{kind}] = [\n" + "\n".join(lines) + "\n    ]\n"

    def short(value):
        return f"{value:.6g}"

    with open(path, "w", encoding="utf-8") as file:
        file.write("// Written by scripts/machines/train.py; not by hand.\n")
        file.write(f"// {len(trees)} trees, {len(nodes)} nodes. Features: {', '.join(names[:7])},\n")
        for start in range(7, len(names), 7):
            file.write(f"// {', '.join(names[start:start + 7])}{',' if start + 7 < len(names) else '.'}\n")
        file.write("\nextension GreetingModel {\n    package static let trained = GreetingModel(\n")
        file.write(f"        base: {short(base)}, roots: roots,\n        nodes: features.indices.map {{\n")
        file.write("            Node(\n                feature: features[$0], threshold: thresholds[$0], left: lefts[$0], "
                   "right: rights[$0],\n                value: values[$0])\n        },\n        certainties: [\n")
        for span, high, low in zip(SPANS, machine, human):
            file.write(f"            Certainty(elapsed: {span}, machine: {high:.6f}, human: {low:.6f}),\n")
        file.write("        ])\n\n")
        file.write(table("roots", "Int", roots) + "\n")
        file.write(table("features", "Int", [node[0] for node in nodes]) + "\n")
        file.write(table("thresholds", "Float", [short(node[1]) for node in nodes]) + "\n")
        file.write(table("lefts", "Int", [node[2] for node in nodes]) + "\n")
        file.write(table("rights", "Int", [node[3] for node in nodes]) + "\n")
        file.write(table("values", "Float", [short(node[4]) for node in nodes]))
        file.write("}\n")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    training, tuning = Rows(sys.argv[1]), Rows(sys.argv[2])
    model = train(training)
    probability = model.predict_proba(tuning.features)[:, 1]
    machine, human, figures = choose(tuning, probability)
    write(model, training.names, machine, human, sys.argv[3])
    names = ("people taken for machines", "machines not found", "people not decided", "half decided after s",
             "95 in 100 decided after s")
    print(f"{len(training.starts)} trials trained with, {len(tuning.starts)} tuned with; on the latter:")
    for name, value in zip(names, figures):
        print(f"  {name:28}{value:.4f}")
    drop = baseline(model, tuning)
    print("what the tuning set loses (log loss) where a feature is shuffled:")
    for name, value in sorted(zip(training.names, drop), key=lambda pair: -pair[1]):
        print(f"  {name:28}{value:+.4f}")


def baseline(model, rows):
    random = np.random.default_rng(SEED)
    pick = random.choice(len(rows.trial), size=min(8000, len(rows.trial)), replace=False)
    features, label = rows.features[pick], rows.label[pick]

    def loss(values):
        probability = np.clip(model.predict_proba(values)[:, 1], 1e-6, 1 - 1e-6)
        return -np.mean(np.where(label, np.log(probability), np.log(1 - probability)))

    start = loss(features)
    result = []
    for column in range(features.shape[1]):
        shuffled = features.copy()
        random.shuffle(shuffled[:, column])
        result.append(loss(shuffled) - start)
    return result


if __name__ == "__main__":
    main()
