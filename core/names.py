"""Every name that the host knows without importing anything: kinds, their entry-point groups, built-in plugins.

This is the one table of built-ins. It holds strings only, so that listing plugins and printing help stay light.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTRACT_VERSION = 1
"""The version of the tensor contract and of the plugin API that this host speaks."""

OLDEST_CONTRACT_VERSION = 1
"""The oldest contract version that this host still accepts (the current and the previous one)."""


OWN_PACKAGE = "faceswap"
"""The distribution that brings the built-in plugins."""

BACKENDS = ("tensorflow", "jax", "torch")
"""The Keras backends, as modules: the default, which comes with the program, and those that extras bring."""


@dataclass(frozen=True)
class KindName:
    """What the host knows of a plugin kind without importing it.

    Attributes:
        name: The kind as users write it: `--<name> PLUGIN`.
        base: The name of its base class in `core/kinds/`.
        default: The plugins of a run that names none.
        several: Whether one run takes several, in order.
        dispensable: Whether a run can do without any.
        former_hooks: Hooks that it had in the contract version before, which warn and are still called.
    """

    name: str
    base: str
    default: tuple[str, ...] = ()
    several: bool = False
    dispensable: bool = False
    former_hooks: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The entry-point group of the kind."""
        return f"faceswap.{self.name}"

    @property
    def hook(self) -> str:
        """The pluggy hook that hands over the plugin class."""
        return f"faceswap_{self.name}"


KINDS: dict[str, KindName] = {
    kind.name: kind
    for kind in (
        KindName("detector", "Detector", ("dlib-hog",)),
        KindName("aligner", "Aligner", ("dlib-68",)),
        KindName("masker", "Masker", ("hull",), several=True, dispensable=True),
        KindName("recognizer", "Recognizer", dispensable=True),
        KindName("model", "SwapModel", ("mini",)),
        KindName("generator", "Generator"),
        KindName("blender", "Blender", ("reinhard", "feather", "alpha"), several=True),
        KindName("metric", "Metric", several=True),
        KindName("listener", "Listener", ("history",), several=True, dispensable=True),
    )
}

BUILT_IN: dict[str, dict[str, str]] = {
    "detector": {
        "dlib-cnn": "plugins.extract.detect.dlib_cnn",
        "dlib-hog": "plugins.extract.detect.dlib_hog",
        "mtcnn": "plugins.extract.detect.mtcnn",
        "yunet": "plugins.extract.detect.yunet",
    },
    "aligner": {
        "dlib-5": "plugins.extract.align.dlib_5",
        "dlib-68": "plugins.extract.align.dlib_68",
        "mtcnn-5": "plugins.extract.align.mtcnn_5",
    },
    "masker": {
        "box": "plugins.extract.mask.box",
        "ellipse": "plugins.extract.mask.ellipse",
        "grabcut": "plugins.extract.mask.grabcut",
        "hull": "plugins.extract.mask.hull",
        "onnx": "plugins.extract.mask.onnx",
    },
    "recognizer": {"dlib-resnet": "plugins.extract.recognize.dlib_resnet"},
    "model": {
        "cyclegan": "plugins.train.models.cyclegan",
        "df": "plugins.train.models.df",
        "gan": "plugins.train.models.gan",
        "h128": "plugins.train.models.h128",
        "h64": "plugins.train.models.h64",
        "iae": "plugins.train.models.iae",
        "liae": "plugins.train.models.liae",
        "lightweight": "plugins.train.models.lightweight",
        "mini": "plugins.train.models.mini",
        "original": "plugins.train.models.original",
        "sae": "plugins.train.models.sae",
    },
    "generator": {
        "dcgan": "plugins.train.generators.dcgan",
        "stylegan": "plugins.train.generators.stylegan",
        "stylegan2": "plugins.train.generators.stylegan2",
        "vae": "plugins.train.generators.vae",
    },
    "blender": {
        "alpha": "plugins.convert.alpha",
        "feather": "plugins.convert.feather",
        "histogram": "plugins.convert.histogram",
        "idt": "plugins.convert.idt",
        "laplacian": "plugins.convert.laplacian",
        "lct": "plugins.convert.lct",
        "manual": "plugins.convert.manual",
        "mask-source": "plugins.convert.mask_source",
        "match-noise": "plugins.convert.match_noise",
        "match-sharpness": "plugins.convert.match_sharpness",
        "mean-color": "plugins.convert.mean_color",
        "mkl": "plugins.convert.mkl",
        "motion-blur": "plugins.convert.motion_blur",
        "occlusion": "plugins.convert.occlusion",
        "overlay": "plugins.convert.overlay",
        "poisson": "plugins.convert.poisson",
        "reinhard": "plugins.convert.reinhard",
        "sharpen": "plugins.convert.sharpen",
        "sot": "plugins.convert.sot",
    },
    "metric": {
        "expression": "plugins.evaluate.expression",
        "fd": "plugins.evaluate.fd",
        "fid": "plugins.evaluate.fid",
        "flicker": "plugins.evaluate.flicker",
        "identity": "plugins.evaluate.identity",
        "identity-match": "plugins.evaluate.identity_match",
        "identity-spread": "plugins.evaluate.identity_spread",
        "inception-score": "plugins.evaluate.inception_score",
        "kid": "plugins.evaluate.kid",
        "pose": "plugins.evaluate.pose",
        "precision-recall": "plugins.evaluate.precision_recall",
        "psnr": "plugins.evaluate.psnr",
        "ssim": "plugins.evaluate.ssim",
    },
    "listener": {"history": "plugins.train.listeners.history"},
}
"""Kind -> plugin name -> module below the package `faceswap`."""
