"""The models of `automodel bench train` in plain eager PyTorch: what one writes by hand, nothing fused and nothing clever.

Usage: eager.py DIRECTORY      the inputs that `automodel bench train` has written there; it starts this program itself.
Reads one request a line from stdin and answers each with one line, both JSON:
  {"model": "deepfm", "threads": 2, "blas_threads": 1, "seed": 1, "epochs": 5, "batches": 0}
  {"seconds": [0.8, …] of each epoch, "rows": rows of an epoch, "parameters": …}; the scores of the test rows are in DIRECTORY/scores
`batches`: only so many of each epoch; 0: all. DIRECTORY/order has the order of the rows in each epoch.
"""

import ctypes
import json
import math
import pathlib
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

WIDTH, HIDDEN, DROPOUT, LAYERS, HEADS, MAPS, BLOCKS = 10, (128, 128, 128), 0.2, 3, 2, (64, 64), 2


class Inputs:
    """What models of a kind read, as tensors in memory; `train` and `test` end with what is to be told."""

    def __init__(self, directory, kind, about):
        self.directory, self.kind, self.about = directory, kind, about

    def read(self, part, name, kind, *shape):
        file = self.directory / f"{self.kind}.{part}.{name}"
        return torch.from_numpy(numpy.fromfile(file, kind).reshape(self.about[part], *shape))


class Fields(Inputs):
    """The fields of rows."""

    def __init__(self, directory, kind, about):
        super().__init__(directory, kind, about)
        self.values, self.unknown, self.bags, self.denses = (about[name] for name in ("values", "unknown", "bags", "denses"))
        self.fields = about["singles"] + about["bags"] + about["denses"]
        self.train, self.test = ((self.read(part, "singles", numpy.int64, about["singles"]),
                                  # Bags are padded with -1; a row after all values, which stays zero, stands for it.
                                  self.read(part, "bags", numpy.int64, about["bags"] * about["longest"]).remainder(self.values + 1),
                                  self.read(part, "dense", numpy.float32, about["denses"]),
                                  self.read(part, "labels", numpy.float32)) for part in ("train", "test"))

    loss = staticmethod(functional.binary_cross_entropy_with_logits)
    scores = staticmethod(torch.sigmoid)


class Histories(Inputs):
    """The items before a row's, padded with 0 in front, and its own; scored are all items, and item 0 for those never seen."""

    def __init__(self, directory, kind, about):
        super().__init__(directory, kind, about)
        self.items, self.length = about["items"], about["length"]
        self.train, self.test = ((self.read(part, "history", numpy.int64, self.length), self.read(part, "items", numpy.int64))
                                 for part in ("train", "test"))

    @staticmethod
    def loss(logits, items):
        return functional.cross_entropy(logits, items - 1)

    @staticmethod
    def scores(logits):
        return functional.pad(logits, (1, 0))  # the vector of item 0 stays zero


class LookUp(nn.Module):
    """A vector for each field's value: of single values, the mean over a bag, and of numbers times the number."""

    def __init__(self, data, width, deviation):
        super().__init__()
        self.table = nn.Embedding(data.values + 1, width, padding_idx=data.values)
        nn.init.normal_(self.table.weight, std=deviation)
        with torch.no_grad():
            self.table.weight[data.unknown + [data.values]] = 0
        self.dense = nn.Parameter(torch.randn(data.denses, width) * deviation) if data.denses else None
        self.bags = data.bags

    def forward(self, singles, bags, dense):
        parts = [self.table(singles)]
        if self.bags:
            bags = bags.view(len(bags) * self.bags, -1)
            means = functional.embedding_bag(bags, self.table.weight, mode="mean", padding_idx=self.table.padding_idx)
            parts.append(means.view(-1, self.bags, self.table.embedding_dim))
        if self.dense is not None:
            parts.append(dense.unsqueeze(-1) * self.dense)
        return torch.cat(parts, 1)


def linear(inputs, outputs, bias=True):
    layer = nn.Linear(inputs, outputs, bias)
    nn.init.xavier_normal_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def network(inputs):
    layers = []
    for width in HIDDEN:
        layers += [linear(inputs, width), nn.ReLU(), nn.Dropout(DROPOUT)]
        inputs = width
    return nn.Sequential(*layers)


class Model(nn.Module):
    def __init__(self, data, weights=True, embeddings=True):
        super().__init__()
        self.n = data.fields
        self.bias = nn.Parameter(torch.zeros(1))
        self.weights = LookUp(data, 1, 0.0) if weights else None
        self.embeddings = LookUp(data, WIDTH, 0.01) if embeddings else None

    def linear_part(self, *inputs):
        return self.bias + self.weights(*inputs).sum((1, 2))


class LR(Model):
    def __init__(self, data):
        super().__init__(data, embeddings=False)

    def forward(self, *inputs):
        return self.linear_part(*inputs)


def pairs(e):
    return 0.5 * (e.sum(1).square() - e.square().sum(1)).sum(1)


class FM(Model):
    def forward(self, *inputs):
        return self.linear_part(*inputs) + pairs(self.embeddings(*inputs))


class DeepFM(Model):
    def __init__(self, data):
        super().__init__(data)
        self.mlp = nn.Sequential(*network(self.n * WIDTH), linear(HIDDEN[-1], 1))

    def forward(self, *inputs):
        e = self.embeddings(*inputs)
        return self.linear_part(*inputs) + pairs(e) + self.mlp(e.flatten(1)).squeeze(1)


class DCNv2(Model):
    def __init__(self, data):
        super().__init__(data, weights=False)
        width = self.n * WIDTH
        self.cross = nn.ModuleList(linear(width, width) for _ in range(LAYERS))
        self.mlp = network(width)
        self.cross_out = linear(width, 1, bias=False)
        self.mlp_out = linear(HIDDEN[-1], 1, bias=False)

    def forward(self, *inputs):
        x0 = x = self.embeddings(*inputs).flatten(1)
        for layer in self.cross:
            x = x0 * layer(x) + x
        return self.bias + (self.cross_out(x) + self.mlp_out(self.mlp(x0))).squeeze(1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.residual = (linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def heads(self, x):
        return x.view(x.size(0), x.size(1), HEADS, WIDTH // HEADS).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        z = torch.softmax(q @ k.transpose(-2, -1), -1) @ v
        return torch.relu(z.transpose(1, 2).flatten(2) + self.residual(x))


class AutoInt(Model):
    def __init__(self, data):
        super().__init__(data, weights=False)
        self.layers = nn.Sequential(*(Attention() for _ in range(LAYERS)))
        self.out = linear(self.n * WIDTH, 1, bias=False)

    def forward(self, *inputs):
        return self.bias + self.out(self.layers(self.embeddings(*inputs)).flatten(1)).squeeze(1)


class XDeepFM(Model):
    def __init__(self, data):
        super().__init__(data)
        before, self.maps = self.n, nn.ModuleList()
        for maps in MAPS:
            # Others have nn.Conv1d(before * n, maps, 1) here, which takes half as long again.
            layer = nn.Linear(before * self.n, maps, bias=False)
            # Xavier, as of a stack of matrices [before, n], one a feature map.
            nn.init.normal_(layer.weight, std=math.sqrt(2 / (before + self.n)))
            self.maps.append(layer)
            before = maps
        self.cin_out = linear(sum(MAPS), 1, bias=False)
        nn.init.normal_(self.cin_out.weight, std=math.sqrt(2 / (len(MAPS) + MAPS[0])))
        self.mlp = nn.Sequential(*network(self.n * WIDTH), linear(HIDDEN[-1], 1))

    def forward(self, *inputs):
        e = self.embeddings(*inputs)
        c, sums = e, []
        for layer in self.maps:
            products = torch.einsum("bhk,bnk->bhnk", c, e).flatten(1, 2)
            c = layer(products.transpose(1, 2)).transpose(1, 2)
            sums.append(c.sum(2))
        cin = self.cin_out(torch.cat(sums, 1)).squeeze(1)
        return self.linear_part(*inputs) + cin + self.mlp(e.flatten(1)).squeeze(1)


class Block(nn.Module):
    """One block of SASRec, with one head."""

    def __init__(self, width):
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = (linear(width, width, bias=False) for _ in range(3))
        self.inner, self.outer = linear(width, width), linear(width, width)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        n = self.before(x)
        scores = self.query(n) @ self.key(x).transpose(1, 2) / math.sqrt(x.size(2)) + mask
        m = self.between(n + torch.softmax(scores, 2) @ self.value(x))
        return m + self.dropout(self.outer(torch.relu(self.inner(m))))


class SASRec(nn.Module):
    def __init__(self, data):
        super().__init__()
        self.items = nn.Embedding(data.items, WIDTH, padding_idx=0)
        nn.init.normal_(self.items.weight, std=0.01)
        with torch.no_grad():
            self.items.weight[0] = 0
        self.positions = nn.Parameter(torch.zeros(data.length, WIDTH))
        self.dropout = nn.Dropout(DROPOUT)
        self.blocks = nn.ModuleList(Block(WIDTH) for _ in range(BLOCKS))
        self.out = nn.LayerNorm(WIDTH)
        # Positions look at themselves and at those before.
        self.register_buffer("later", torch.full((data.length, data.length), -1e9).triu(1))

    def forward(self, history):
        x = self.dropout(self.items(history) + self.positions)
        mask = self.later + (history == 0).unsqueeze(1) * -1e9
        for block in self.blocks:
            x = block(x, mask)
        return self.out(x[:, -1]) @ self.items.weight[1:].t()


MODELS = {"lr": LR, "fm": FM, "deepfm": DeepFM, "dcnv2": DCNv2, "autoint": AutoInt, "xdeepfm": XDeepFM, "sasrec": SASRec}


def set_threads(torch_threads, blas_threads):
    torch.set_num_threads(torch_threads)
    # PyTorch of Debian reaches OpenBLAS through the system's libblas, and does not tell it how many threads to use.
    try:
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(blas_threads)
    except (OSError, AttributeError):
        pass


def train_epoch(model, optimiser, data, order):
    for rows in order:
        *inputs, target = (part[rows] for part in data.train)
        loss = data.loss(model(*inputs), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def answer(request, directory, about, kinds):
    set_threads(request["threads"], request["blas_threads"])
    torch.manual_seed(request["seed"])
    data = kinds["histories" if request["model"] == "sasrec" else "fields"]
    rows = data.about["train"]
    model = MODELS[request["model"]](data)
    optimiser = torch.optim.Adam(model.parameters(), lr=about["rates"][request["model"]])
    orders = torch.from_numpy(numpy.fromfile(directory / "order", numpy.int64).reshape(request["epochs"], rows))
    seconds = []
    for order in orders:
        batches = order.split(about["batch"])[:request["batches"] or None]
        start = time.perf_counter()
        train_epoch(model, optimiser, data, batches)
        seconds.append(time.perf_counter() - start)
    model.eval()
    with torch.no_grad():
        inputs = data.test[:-1]
        parts = [model(*(part[i:i + 4096] for part in inputs)) for i in range(0, data.about["test"], 4096)]
    data.scores(torch.cat(parts)).numpy().tofile(directory / "scores")
    # Rows that stand for padding are none of the model's.
    padding = sum(part.table.embedding_dim for part in model.modules() if isinstance(part, LookUp))
    parameters = sum(p.numel() for p in model.parameters()) - padding
    return {"seconds": seconds, "rows": min(rows, sum(map(len, batches))), "parameters": parameters, "torch": torch.__version__}


def main():
    directory = pathlib.Path(sys.argv[1])
    about = json.loads((directory / "about.json").read_text())
    kinds = {kind: make(directory, kind, about[kind]) for kind, make in (("fields", Fields), ("histories", Histories)) if kind in about}
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), directory, about, kinds)), flush=True)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
