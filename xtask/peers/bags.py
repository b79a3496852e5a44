"""What `cargo xtask bench bag` measures, done by dask.bag with its default scheduler: processes."""

import pathlib
import tempfile

from common import MASK, Question, main, scaled, scattered

FILES = 16


def write_text(directory, nbytes):
    """The same text as the one of `xtask/src/bench/bag/words.rs`."""
    state = 1

    def following(below):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 33) % below

    block = []
    length = 0
    while length < min(-(-nbytes // FILES), 1 << 20):
        for place in range(10):
            most = following(20_000) + 1
            number = following(most) * 7919
            word = ""
            while True:
                word += chr(ord("a") + number % 26)
                number //= 26
                if number == 0:
                    break
            block.append(word + (" " if place < 9 else "\n"))
            length += len(block[-1])
    block = "".join(block)
    repeats = max(nbytes // FILES // length, 1)
    for n in range(FILES):
        pathlib.Path(directory, f"{n:02}.txt").write_text(block * repeats)
    return length * repeats * FILES


def of_counts(counts):
    """A number that depends on all counts, in any order."""
    total = 0
    for word, n in counts:
        for byte in word.encode():
            n = scattered(n ^ byte)
        total += n
    return total & MASK


def chain(_):
    import dask.bag

    n = scaled(10_000_000)
    bag = dask.bag.range(n, npartitions=16).map(scattered).filter(lambda n: n % 8 != 0)
    bag = bag.map(lambda n: [n, n >> 1]).flatten().map(lambda n: n ^ (n >> 7)).filter(lambda n: n % 3 == 0)
    yield Question("chain", n, lambda: bag.sum().compute(), lambda total: total & MASK)


def groupby(_):
    import dask.bag

    n = scaled(10_000_000)
    keys = n // 10
    pairs = dask.bag.range(n, npartitions=64).map(lambda i: (scattered(i) % keys, i))
    groups = pairs.groupby(lambda pair: pair[0]).map(lambda group: len(group[1]))
    # Ours depends on the order of the items of a group, which is not kept here.
    yield Question("groupby", n, lambda: groups.sum().compute(), lambda _: None)


def words(_):
    import dask.bag

    with tempfile.TemporaryDirectory() as directory:
        size = write_text(directory, scaled(500_000_000))
        lines = dask.bag.read_text(f"{directory}/*.txt", blocksize=8 << 20)
        yield Question("words", size, lambda: lines.str.split().flatten().frequencies().compute(), of_counts)


if __name__ == "__main__":
    main("bag", {"chain": (chain, ["dask"]), "groupby": (groupby, ["dask"]), "words": (words, ["dask"])})
