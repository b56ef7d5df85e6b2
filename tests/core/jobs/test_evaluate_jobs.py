"""Evaluation from end to end on rendered performers, whose landmarks, and whose truth, are known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.core.cli.main import main
from faceswap.core.errors import FaceswapError, OutputError, PluginError, StoreError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.evaluate_faces import EvaluateFacesJob
from faceswap.core.jobs.evaluate_swap import EvaluateSwapJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix
from faceswap.lib.performers import BEARDED, SITTER, Script, Take, Truth
from faceswap.lib.warp import cut

CROP, RATE, FRAMES = 192, 25, 6
KNOWN = (Stage("recognizer", "dlib-resnet", "1", "0"),)


def record(picture, landmarks, embedding):
    points = np.float32(landmarks)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    matrix = crop_matrix(points, "ibug68", "head", CROP)
    return FaceRecord(
        box=box, score=0.9, matrix=matrix, landmarks=points, scheme="ibug68",
        embeddings={} if embedding is None else {"dlib-resnet": np.float32(embedding)},
        crop=encode_crop(np.asarray(cut(picture, matrix, CROP), np.uint8)),
    )  # fmt: skip


def person(number, count, seed=0):
    """Embeddings of a person, about 0.2 from each other; people are 1.4 apart."""
    draw = np.random.default_rng(seed)
    vectors = np.eye(128)[number] + draw.normal(0, 0.012, (count, 128))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write(path, faces, source="clip.mp4", stages=KNOWN):
    """A faceset with a frame for each face; None is a frame without."""
    frames = [
        FrameRecord(source, index, index / RATE, 384, 384, () if face is None else (face,))
        for index, face in enumerate(faces)
    ]
    with FacesetWriter.create_or_open(path, crop_size=CROP, stages=stages) as faceset:
        faceset.add_chunk(source, 0, frames)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Facesets of the source, the target, the truth, and of a swap: the truth with a shade, one face not found."""
    folder, take = tmp_path_factory.mktemp("evaluated"), Take(BEARDED, Script(1))
    truth = Truth(SITTER, take)
    shots = {
        "source": [(Take(SITTER, Script(2)).frame(i), Take(SITTER, Script(2)).landmarks(i)) for i in range(FRAMES)],
        "target": [(take.frame(i), take.landmarks(i)) for i in range(FRAMES)],
        "truth": [(truth.frame(i), truth.landmarks(i)) for i in range(FRAMES)],
    }
    shots["swap"] = [(cv2.add(picture, np.full(3, 4.0)), points) for picture, points in shots["truth"]]
    people = {"source": (0, 1), "target": (1, 2), "truth": (0, 3), "swap": (0, 4)}
    paths = {}
    for name, pairs in shots.items():
        vectors = person(people[name][0], FRAMES, people[name][1])
        faces = [record(*shot, vector) for shot, vector in zip(pairs, vectors, strict=True)]
        if name == "swap":
            faces[3] = None
        paths[name] = write(folder / name, faces)
    paths["bare"] = write(folder / "bare", [record(*shots["target"][0], None)], stages=())
    return paths


def figures(report):
    return {(metric, against): values for metric, against, values in report.figures}


def test_a_swap_against_people_and_truth(made, tmp_path):
    job = EvaluateSwapJob(
        swapped=made["swap"], source=made["source"], target=made["target"], truth=made["truth"],
        output=tmp_path / "out", size=128,
    )  # fmt: skip
    report = run_job(job)
    told = figures(report)
    assert told["identity-match", "source"]["match"] == pytest.approx(5 / 6)
    assert told["identity-match", "source"]["no_face"] == pytest.approx(1 / 6)
    assert told["identity-match", "target"]["match"] == 0
    assert told["identity", "target, by frame"]["identity"] == pytest.approx(2**0.5, abs=0.05)
    assert told["identity", "truth, by frame"]["identity"] < 0.3
    assert told["expression", "truth, by frame"]["expression"] == pytest.approx(0, abs=1e-3)
    assert told["pose", "truth, by frame"]["pose"] == pytest.approx(0, abs=1e-3)
    # Four gray levels brighter, but for JPEG and saturation.
    assert told["psnr", "truth, by frame"]["psnr"] == pytest.approx(20 * np.log10(255 / 4), abs=1.0)
    assert told["ssim", "truth, by frame"]["ssim"] > 0.95
    assert told["flicker", "truth, by frame"]["flicker"] < 1
    assert ("psnr", "target, by frame") not in told
    assert all("classify_image_graph_def.pb' are missing" in line for line in report.left_out)
    stored = json.loads((tmp_path / "out" / "report.json").read_text())
    assert figures(report) == {(m, a): v for m, a, v in stored["figures"]}
    assert stored["about"]["pairs with the truth"] == "5"


def test_the_page_has_everything_in_it(made, tmp_path):
    job = EvaluateFacesJob(generated=made["swap"], reference=made["source"], output=tmp_path / "out", size=64)
    page = run_job(job).page.read_text()
    outside = re.findall(r'(?:src|href)="(?!data:)[^"]*"|url\(|@import|<script|<link', page)
    assert outside == []
    images = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(images) == 2 * 5  # The worst and the best of five faces.
    assert "identity-match distance to mean" in page


def test_worst_faces_come_first(made, tmp_path):
    vectors = [*person(0, 5, 8), person(1, 1)[0]]
    take = Take(SITTER, Script(2))
    path = write(tmp_path / "faces", [record(take.frame(0), take.landmarks(0), vector) for vector in vectors])
    job = EvaluateFacesJob(
        generated=path, reference=made["source"], metrics=(PluginChoice(name="identity-match"),), size=64
    )
    page = run_job(job).page.read_text()
    captions = re.findall(r"<figcaption>([\d.]+) ·", page)
    assert float(captions[0]) == float(captions[-1]) == pytest.approx(2**0.5, abs=0.1)
    assert float(captions[6]) == min(map(float, captions))


def test_without_embeddings_the_rest_is_measured_and_the_way_told(made, tmp_path):
    job = EvaluateSwapJob(swapped=made["bare"], source=made["source"], target=made["target"], output=tmp_path / "out")
    report = run_job(job)
    assert set(figures(report)) == {("expression", "target, by frame"), ("pose", "target, by frame")}
    line = next(line for line in report.left_out if line.startswith("metric 'fd'"))
    assert f"needs embeddings, and faceset {made['bare']} has none" in line
    assert "--recognizer dlib-resnet" in line


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("fd", StoreError, "metric 'fd' needs embeddings"),
        ("psnr", PluginError, "metric 'psnr' compares the same moments, as `faceswap evaluate swap` does"),
        ("nothing", PluginError, "There is no metric 'nothing'"),
    ],
)
def test_error_what_was_asked_for_cannot_be_measured(made, tmp_path, name, error, words):
    out = tmp_path / "out"
    job = EvaluateFacesJob(
        generated=made["bare"], reference=made["source"], metrics=(PluginChoice(name=name),), output=out
    )
    with pytest.raises(error, match=re.escape(words)):
        run_job(job)
    assert not (out / "report.html").exists()


BROKEN = """
from faceswap import Metric, hookimpl

FACESWAP_CONTRACT = 1


class Broken(Metric):
    def measure(self, fake, real=None):
        return {"gap": float("nan")} if len(list(fake)) else {}


@hookimpl
def faceswap_metric():
    return Broken
"""


def test_a_broken_metric_of_another_package_is_told_and_left_out(made, tmp_path, install_plugin):
    choice = install_plugin("metric", "broken", BROKEN)
    report = run_job(EvaluateFacesJob(generated=made["swap"], output=tmp_path / "out", size=64))
    assert ("identity-spread", "") in figures(report)
    words = "metric 'broken' failed: expected finite figures. Received: {'gap': nan}"
    assert words in report.left_out
    with pytest.raises(PluginError, match=re.escape(words)):
        run_job(EvaluateFacesJob(generated=made["swap"], output=tmp_path / "two", metrics=(choice,), size=64))


def test_error_what_is_known_before_any_extraction(made, tmp_path):
    """What a metric lacks, and where the report cannot go, is told before a video is even opened."""
    (tmp_path / "video.mp4").touch()
    both = {"source": made["source"], "target": made["source"]}
    asked = EvaluateSwapJob(swapped=tmp_path / "video.mp4", metrics=(PluginChoice(name="psnr"),), **both)
    with pytest.raises(PluginError, match="metric 'psnr' needs --truth"):
        run_job(asked)
    assert not asked.home().exists()
    for job in (asked, EvaluateFacesJob(generated=made["bare"])):
        with pytest.raises(OutputError, match=r"video\.mp4: a file of that name is in the way"):
            run_job(job.model_copy(update={"output": tmp_path / "video.mp4"}))


def test_error_footage_that_does_not_go_together(made, tmp_path):
    take = Take(SITTER, Script(2))
    faces = [record(take.frame(0), take.landmarks(0), person(0, 1)[0])]
    other = write(tmp_path / "other", faces, source="a.png")
    write(other, faces, source="b.png")
    job = EvaluateSwapJob(swapped=other, source=made["source"], target=made["target"], output=tmp_path / "out")
    with pytest.raises(FaceswapError, match="cannot be paired: each must be of one video"):
        run_job(job)


def test_the_command_prints_a_table(made, tmp_path, capsys):
    words = ["evaluate", "faces", str(made["swap"]), "--metric", "identity-spread", "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["figure", "against", "value"]
    assert lines[1].split()[:3] == ["identity-spread", "mean", "-"]
    assert Path(lines[-1]).is_file()


def test_error_each_reason_is_told_once_for_all_metrics(made, tmp_path):
    take = Take(SITTER, Script(2))
    faces = write(tmp_path / "faces", [record(take.frame(0), take.landmarks(0), None)] * 2, stages=())
    with pytest.raises(FaceswapError, match="identity-spread: needs embeddings") as raised:
        run_job(EvaluateFacesJob(generated=faces))
    lines = [line.strip() for line in str(raised.value).splitlines()]
    paired = "expression, flicker, identity, pose, psnr, ssim"
    assert f"{paired}: compares the same moments, as `faceswap evaluate swap` does" in lines
    assert sum(line.endswith(": needs --reference") for line in lines) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_error_sets_of_no_face_and_of_one(made, tmp_path, count):
    """What one face can say is said; what takes more, and what is missing, is told in a line each."""
    take = Take(SITTER, Script(2))
    faces = [record(take.frame(0), take.landmarks(0), person(0, 1, 8)[0])][:count]
    job = EvaluateFacesJob(generated=write(tmp_path / "few", faces), reference=made["source"], size=64)
    if not count:
        with pytest.raises(FaceswapError, match="nothing could be measured:") as told:
            run_job(job)
        lines = str(told.value).splitlines()
        assert "  identity-match: there is no face to judge" in lines
        assert "  fd, identity-spread: it takes 2 faces or more. Received: 0" in lines
        return
    report = run_job(job)
    assert [name for name, _, _ in report.figures] == ["identity-match"]
    lacking = [line.split("'")[1] for line in report.left_out if "faces or more" in line]
    assert sorted(lacking) == ["fd", "identity-spread", "kid", "precision-recall"]
    assert all("\n" not in line for line in report.left_out)
