"""The run of this folder: its settings, its rows as tokens with labels, and which of them each update takes. Needs numpy alone."""

import json
import math
import pathlib

import numpy as np

IGNORED = -100


class Rows:
    """Rows as WebLoRA made them of the data file: token ids, and labels with -100 where no loss counts."""

    def __init__(self, folder, name):
        self.ids = np.load(folder / (name + '_ids.npy'), mmap_mode='r')
        self.labels = np.load(folder / (name + '_labels.npy'), mmap_mode='r')
        self.ends = np.cumsum(np.load(folder / (name + '_lengths.npy')), dtype=np.int64)

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, row):
        start = 0 if row == 0 else self.ends[row - 1]
        return self.ids[start : self.ends[row]], self.labels[start : self.ends[row]]

    def scored(self, row):
        """Tokens whose loss counts: position t's logits are scored against labels[t + 1]."""
        return int((self[row][1][1:] != IGNORED).sum())

    def rectangle(self, rows, counts=True):
        """Rows padded at the right: ids, attention mask and labels [B, T]. Rows that do not count have no labels."""
        pairs = [self[row] for row in rows]
        longest = max(len(ids) for ids, _ in pairs)
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        labels = np.full((len(rows), longest), IGNORED, np.int64)
        for i, (row_ids, row_labels) in enumerate(pairs):
            ids[i, : len(row_ids)] = row_ids
            mask[i, : len(row_ids)] = 1
            if counts:
                labels[i, : len(row_ids)] = row_labels
        return ids, mask, labels


class RunData:
    """What the folder holds."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.recipe = json.loads((folder / 'recipe.json').read_text(encoding='utf-8'))
        self.train = Rows(folder / 'rows', 'train')
        has_evaluation = (folder / 'rows' / 'eval_ids.npy').exists()
        self.evaluation = Rows(folder / 'rows', 'eval') if has_evaluation else None
        with open(folder / 'order.jsonl', encoding='utf-8') as file:
            self.updates = [json.loads(line) for line in file]

    def denominator(self, update):
        """Tokens whose mean loss an update minimises: those of all its micro-batches."""
        return sum(self.train.scored(row) for rows in update['micro_batches'] for row in rows)


def lr_factor(schedule, index, total, warmup_ratio):
    """Factor on the learning rate of update `index`, counted from 0, as transformers' schedules have it."""
    warmup = math.ceil(warmup_ratio * total)
    if index < warmup:
        return index / max(1, warmup)
    progress = (index - warmup) / max(1, total - warmup)
    if schedule == 'constant':
        return 1.0
    if schedule == 'linear':
        return max(0.0, 1 - progress)
    return max(0.0, 0.5 * (1 + math.cos(math.pi * progress)))


def share(micro_batches, process, processes):
    """The micro-batches of one process, each with whether it counts. All processes get as many, as collective calls need:
    who has one less repeats the first, without labels."""
    own = [(rows, True) for rows in micro_batches[process::processes]]
    most = math.ceil(len(micro_batches) / processes)
    return own + [(micro_batches[0], False)] * (most - len(own))
