"""The models of `automodel bench train` in plain eager PyTorch: what one writes by hand, nothing fused and nothing clever.

Usage: eager.py DIRECTORY      the inputs that `automodel bench train` has written there; it starts this program itself.
Reads one request a line from stdin and answers each with one line, both JSON:
  {"model": "deepfm", "threads": 2, "blas_threads": 1, "seed": 1, "epochs": 5, "batches": 0}
  {"seconds": [0.8, …] of each epoch, "rows": rows of an epoch, "parameters": …}; the scores of the test rows are in DIRECTORY/scores
`batches`: only so many of each epoch; 0: all.
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

WIDTH, HIDDEN, DROPOUT, LAYERS, HEADS, MAPS = 10, (128, 128, 128), 0.2, 3, 2, (64, 64)


class Data:
    """The encoded inputs, as tensors in memory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        about = json.loads((self.directory / "about.json").read_text())
        self.values, self.unknown, self.batch, self.bags = about["values"], about["unknown"], about["batch"], about["bags"]
        self.fields = about["singles"] + about["bags"] + about["denses"]
        self.denses = about["denses"]
        self.rates = about["rates"]
        for part in ("train", "test"):
            rows = about[part]
            setattr(self, part, (self.read(part, "singles", numpy.int64, (rows, about["singles"])),
                                 # Bags are padded with -1; a row after all values, which stays zero, stands for it.
                                 self.read(part, "bags", numpy.int64, (rows, about["bags"] * about["longest"])).remainder(self.values + 1),
                                 self.read(part, "dense", numpy.float32, (rows, about["denses"])),
                                 self.read(part, "labels", numpy.float32, (rows,))))

    def read(self, part, name, kind, shape):
        return torch.from_numpy(numpy.fromfile(self.directory / f"{part}.{name}", kind).reshape(shape))


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


MODELS = {"lr": LR, "fm": FM, "deepfm": DeepFM, "dcnv2": DCNv2, "autoint": AutoInt, "xdeepfm": XDeepFM}


def set_threads(torch_threads, blas_threads):
    torch.set_num_threads(torch_threads)
    # PyTorch of Debian reaches OpenBLAS through the system's libblas, and does not tell it how many threads to use.
    try:
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(blas_threads)
    except (OSError, AttributeError):
        pass


def train_epoch(model, optimiser, data, batches):
    order = torch.randperm(len(data.train[3])).split(data.batch)
    for rows in order[:batches] if batches else order:
        singles, bags, dense, labels = (part[rows] for part in data.train)
        loss = functional.binary_cross_entropy_with_logits(model(singles, bags, dense), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def answer(request, data):
    set_threads(request["threads"], request["blas_threads"])
    torch.manual_seed(request["seed"])
    model = MODELS[request["model"]](data)
    optimiser = torch.optim.Adam(model.parameters(), lr=data.rates[request["model"]])
    seconds = []
    for _ in range(request["epochs"]):
        start = time.perf_counter()
        train_epoch(model, optimiser, data, request["batches"])
        seconds.append(time.perf_counter() - start)
    model.eval()
    with torch.no_grad():
        parts = [model(*(part[i:i + 4096] for part in data.test[:3])) for i in range(0, len(data.test[3]), 4096)]
    torch.cat(parts).sigmoid().numpy().tofile(data.directory / "scores")
    # The row that stands for padding is none of the model's.
    padding = sum(part.table.embedding_dim for part in model.modules() if isinstance(part, LookUp))
    parameters = sum(p.numel() for p in model.parameters()) - padding
    rows = min(request["batches"] * data.batch, len(data.train[3])) if request["batches"] else len(data.train[3])
    return {"seconds": seconds, "rows": rows, "parameters": parameters, "torch": torch.__version__}


def main():
    data = Data(sys.argv[1])
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), data)), flush=True)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
