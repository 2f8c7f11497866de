#!/usr/bin/env python3
"""Trains the model that tells machines from people, and writes it as Swift.

    train.py OUTPUT.swift ROWS.csv ROWS.csv…

The CSV files are what `belay-machines rows` prints: the features at every judgement, as the server computes them. How sure
is sure enough, and when, is chosen with what each file's trials look like to a model that was fitted to the others: no
voice and but for hellos no sentence is in two of them. The model that is written is fitted to all.
`scripts/bench machines --train` runs it.
"""
import csv
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

# From the first sound on, in seconds: within each span its own certainties are asked for.
SPANS = [0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.8, 2.1, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0]
# Told, but not used: in drawn calls it says nothing that it would say of real ones.
UNUSED = ("firstSound",)
PARAMETERS = {
    "max_iter": 300, "max_leaf_nodes": 8, "learning_rate": 0.08, "min_samples_leaf": 500, "l2_regularization": 5.0,
    "max_features": 0.4, "early_stopping": False, "random_state": 1}
# After so many seconds only every third judgement is learnt from.
THINNED_AFTER = 2.5
# A person waits before being held to be one, in seconds: as GreetingModel has it.
WAITING = 0.3
# At most so many people may be taken for machines when the certainties are chosen, and so many machines missed.
FALSE_MACHINES = 0.001
MISSED_MACHINES = 0.029
ATTEMPTS = 6000
STARTS = 3
SEED = 1


class Rows:
    """The judgements of all trials, in order."""

    def __init__(self, paths):
        trials, labels, beeps, values = [], [], [], []
        for number, path in enumerate(paths):
            with open(path, newline="", encoding="utf-8") as file:
                self.names = next(csv.reader(file))[6:]
                for line in file:
                    trial, label, _, _, _, cause, *features = line.rstrip("\n").split(",")
                    trials.append((number, int(trial)))
                    labels.append(label == "machine")
                    beeps.append(cause == "beep")
                    values.append(np.array(features, dtype=np.float32))
        self.features = np.stack(values)
        self.label = np.array(labels)
        trial = np.array(trials)
        self.file = trial[:, 0]
        starts = np.flatnonzero(np.r_[True, (trial[1:] != trial[:-1]).any(axis=1)])
        self.starts, self.ends = starts, np.r_[starts[1:], len(trial)]
        self.beep = np.array(beeps)[starts]
        self.elapsed = self.column("elapsed")
        self.used = [index for index, name in enumerate(self.names) if name not in UNUSED]

    def column(self, name):
        return self.features[:, self.names.index(name)]

    def weights(self):
        """Each trial counts the same, however long it goes on, and people count as much as machines."""
        result = np.repeat(1 / (self.ends - self.starts), self.ends - self.starts)
        for label in (True, False):
            result[self.label == label] /= result[self.label == label].sum()
        return result * len(result)


def train(rows, chosen):
    place = np.arange(len(rows.label)) - np.repeat(rows.starts, rows.ends - rows.starts)
    late = rows.elapsed >= THINNED_AFTER
    kept = chosen & (~late | (place % 3 == 0))
    weights = np.where(late, 3, 1) * rows.weights()
    model = HistGradientBoostingClassifier(**PARAMETERS)
    model.fit(rows.features[kept][:, rows.used], rows.label[kept], sample_weight=weights[kept])
    return model


def unseen(rows):
    """How likely a machine each judgement's is, in logits, to a model that was fitted to the other files."""
    result = np.zeros(len(rows.label))
    for file in np.unique(rows.file):
        model = train(rows, rows.file != file)
        result[rows.file == file] = model.decision_function(rows.features[rows.file == file][:, rows.used])
    return result


class Trials:
    """The same as a table: a row a trial, a column a judgement."""

    def __init__(self, rows, logits):
        length = (rows.ends - rows.starts).max()
        place = rows.starts[:, None] + np.arange(length)
        heard = place < rows.ends[:, None]
        place = np.minimum(place, rows.ends[:, None] - 1)
        self.elapsed = rows.elapsed[place]
        self.span = np.searchsorted(SPANS, self.elapsed + 1e-4, side="right") - 1
        self.open = heard & (self.span >= 0)
        self.waits = self.open & (rows.column("loudPauseNow")[place] >= WAITING - 1e-4)
        # Two judgements decide: the newest and the one before.
        before = np.maximum(place - 1, rows.starts[:, None])
        self.logits = ((logits[place] + logits[before]) / 2).astype(np.float32)
        self.last = rows.ends - rows.starts - 1
        self.beep, self.label = rows.beep, rows.label[rows.starts]

    def decide(self, machine, human):
        """What is decided of each trial, and when: -1 a person, 1 a machine, 0 nothing."""
        machines = self.open & (self.logits >= machine[self.span])
        decides = machines | self.waits & (self.logits <= human[self.span])
        trial = np.arange(len(self.label))
        first = decides.argmax(axis=1)
        decided = decides[trial, first]
        # A beep after the last judgement is a machine's.
        answers = np.where(decided, np.where(machines[trial, first], 1, -1), self.beep)
        return answers, self.elapsed[trial, np.where(decided, first, self.last)]

    def cost(self, machine, human):
        answers, times = self.decide(machine, human)
        people = ~self.label
        false = np.mean(answers[people] == 1)
        missed = np.mean(answers[self.label] != 1)
        undecided = np.mean(answers[people] == 0)
        middle, late = np.quantile(times, 0.5), np.quantile(times, 0.95)
        total = 4000 * max(0, false - FALSE_MACHINES) + 30 * false
        total += 600 * max(0, missed - MISSED_MACHINES) + 15 * missed + 60 * undecided
        total += 2 * max(0, middle - 1.7) + 1 * max(0, late - 3.9) + 0.3 * np.mean(times)
        return total, (false, missed, undecided, middle, late)


def choose(trials):
    """Certainties for each span, by trying changes and keeping what helps."""
    result = None
    for start in range(STARTS):
        random = np.random.default_rng(SEED + start)
        machine, human = np.full(len(SPANS), 4.0 + start), np.full(len(SPANS), -3.0 - start)
        best, figures = trials.cost(machine, human)
        for _ in range(ATTEMPTS // STARTS):
            tried = [machine.copy(), human.copy()]
            for _ in range(random.integers(1, 4)):
                which, index, step = random.integers(2), random.integers(len(SPANS)), random.choice([0.2, 0.7, 2])
                # Spans that lie beside each other move together as often as alone.
                to = index + random.integers(1, 4)
                moved = tried[which][index:to] + random.normal(0, step)
                tried[which][index:to] = np.clip(moved, 2.5, 8) if which == 0 else np.clip(moved, -8, -1.5)
            total, now = trials.cost(*tried)
            if total <= best:
                best, figures, (machine, human) = total, now, tried
        if result is None or best < result[0]:
            result = best, machine, human, figures
    return result[1:]


def write(model, rows, machine, human, path):
    roots, features, numbers, others = [], [], [], []
    for predictors in model._predictors:
        offset = len(features)
        roots.append(offset)
        for place, node in enumerate(predictors[0].nodes):
            if node["is_leaf"]:
                features.append(-1)
                numbers.append(float(node["value"]))
                others.append(0)
            else:
                # What is up to the threshold is the next node's.
                assert int(node["left"]) == place + 1
                features.append(rows.used[int(node["feature_idx"])])
                numbers.append(float(node["num_threshold"]))
                others.append(offset + int(node["right"]))
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
        return f"{value:.5g}"

    with open(path, "w", encoding="utf-8") as file:
        file.write("// Written by scripts/machines/train.py; not by hand.\n")
        file.write(f"// {len(roots)} trees, {len(features)} nodes.\n\nextension GreetingModel {{\n")
        file.write("    package static let trained = GreetingModel(\n")
        file.write(f"        base: {short(base)}, roots: roots,\n        nodes: features.indices.map {{\n")
        file.write("            Node(feature: features[$0], number: numbers[$0], other: others[$0])\n")
        file.write("        },\n        certainties: [\n")
        for span, high, low in zip(SPANS, machine, human):
            file.write(f"            Certainty(elapsed: {span}, machine: {high:.3f}, human: {low:.3f}),\n")
        file.write("        ])\n\n")
        file.write(table("roots", "Int32", roots) + "\n" + table("features", "Int32", features) + "\n")
        file.write(table("numbers", "Float", map(short, numbers)) + "\n" + table("others", "Int32", others) + "}\n")


def shuffled(model, rows):
    """What is lost (log loss) where a feature is shuffled."""
    random = np.random.default_rng(SEED)
    pick = random.choice(len(rows.label), size=min(8000, len(rows.label)), replace=False)
    features, label = rows.features[pick][:, rows.used], rows.label[pick]

    def loss(values):
        logits = model.decision_function(values)
        return np.mean(np.logaddexp(0, np.where(label, -logits, logits)))

    start = loss(features)
    result = []
    for column in range(features.shape[1]):
        other = features.copy()
        random.shuffle(other[:, column])
        result.append((loss(other) - start, rows.names[rows.used[column]]))
    return sorted(result, reverse=True)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    rows = Rows(sys.argv[2:])
    logits = unseen(rows)
    machine, human, figures = choose(Trials(rows, logits))
    model = train(rows, np.full(len(rows.label), True))
    write(model, rows, machine, human, sys.argv[1])
    print(f"{len(rows.starts)} trials; each file's judged by a model of the others:")
    names = ("people taken for machines", "machines not found", "people not decided", "half decided after s",
             "95 in 100 decided after s")
    for name, value in zip(names, figures):
        print(f"  {name:28}{value:.4f}")
    print("what is lost (log loss) where a feature is shuffled:")
    for loss, name in shuffled(model, rows):
        print(f"  {name:28}{loss:+.4f}")


if __name__ == "__main__":
    main()
