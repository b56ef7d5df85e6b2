import sqlite3
import struct
import zlib

import numpy as np
import pytest

from faceswap.lib import store
from faceswap.lib.blobs import Blob, pack, pack_mask, unpack, unpack_mask
from faceswap.lib.errors import OutputError, StoreError
from faceswap.lib.store import close_writer, open_for_reading, open_for_writing, transaction


@pytest.fixture
def path(tmp_path):
    return tmp_path / "faces.db"


@pytest.fixture
def made(path):
    close_writer(open_for_writing(path))
    return path


def set_version(path, key, value):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    connection.close()


def test_a_blob_is_little_endian_in_c_order():
    blob = pack(np.array([[1.5, 2], [3, 4]], ">f4").T)
    assert blob == Blob("<f4", "2,2", "raw", struct.pack("<4f", 1.5, 3, 2, 4))


@pytest.mark.parametrize("dtype", ["f4", ">f8", "f2", "i8", ">u4", "u1", "?"])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (2, 3, 4)])
@pytest.mark.parametrize("compress", [False, True])
def test_blob_roundtrip(dtype, shape, compress):
    array = (np.random.default_rng(0).standard_normal(shape) * 9).astype(dtype)
    back = unpack(pack(array, compress=compress))
    assert back.dtype == array.dtype.newbyteorder("<")
    assert back.shape == shape
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_blob_keeps_the_bits_of_nan():
    array = np.array([0x7FC00001, 0xFFC12345, 0x80000000], np.uint32).view(np.float32)
    np.testing.assert_array_equal(unpack(pack(array)).view(np.uint32), array.view(np.uint32))


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_blob_refuses_what_is_no_number(array):
    with pytest.raises(TypeError, match="must hold numbers"):
        pack(array)


def test_mask_is_one_byte_a_pixel_and_exact_to_half_a_step():
    mask = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64, 1)
    blob = pack_mask(mask)
    assert len(zlib.decompress(blob.data)) == 64 * 64
    back = unpack_mask(blob)
    assert (back.dtype, back.shape, back.min(), back.max()) == (np.float32, (64, 64, 1), 0, 1)
    assert np.abs(back.astype(np.float64) - mask).max() <= 1 / 510 + 1e-6


def test_mask_out_of_range_is_clipped():
    np.testing.assert_array_equal(unpack_mask(pack_mask(np.array([-0.2, 1.7], np.float32))), [0, 1])


@pytest.mark.parametrize(
    "blob",
    [
        Blob("<f4", "3", "raw", b"12345678"),
        Blob("<f4", "2", "zlib", b"12345678"),
        Blob("nonsense", "2", "raw", b"12345678"),
        Blob("|O", "1", "raw", b"12345678"),
    ],
)
def test_a_damaged_blob_is_named(blob):
    with pytest.raises(StoreError, match="damaged array"):
        unpack(blob)


def test_tables_are_strict_and_durable(made):
    connection = open_for_writing(made)
    kinds = connection.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    strict = {name for name, strict in kinds if strict}
    assert strict >= {"meta", "stage", "frame", "stage_done", "face", "array", "deleted"}
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    close_writer(connection)


@pytest.mark.parametrize(("sound", "mode"), [(False, "delete"), (True, "wal")])
def test_wal_only_where_it_is_sound(path, monkeypatch, sound, mode):
    monkeypatch.setattr(store, "_WAL_IS_SOUND", sound)
    connection = open_for_writing(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    reader = open_for_reading(path)
    with transaction(path, connection):
        connection.execute("INSERT INTO deleted VALUES ('a')")
    assert reader.execute("SELECT name FROM deleted").fetchall() == [("a",)]
    reader.close()
    close_writer(connection)
    assert [entry.name for entry in path.parent.iterdir()] == ["faces.db"]
    assert path.read_bytes()[18:20] == b"\1\1"  # The file format's mark of "no WAL".


def test_a_reader_cannot_write(made):
    reader = open_for_reading(made)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO deleted VALUES ('a')")
    reader.close()


def test_a_transaction_is_all_or_nothing(made):
    connection = open_for_writing(made)
    with pytest.raises(KeyError), transaction(made, connection):
        connection.execute("INSERT INTO deleted VALUES ('a')")
        raise KeyError
    assert connection.execute("SELECT count(*) FROM deleted").fetchone() == (0,)
    with transaction(made, connection):
        connection.execute("INSERT INTO deleted VALUES ('b')")
    assert connection.execute("SELECT name FROM deleted").fetchall() == [("b",)]
    close_writer(connection)


def test_a_full_disk_rolls_back(made):
    connection = open_for_writing(made)
    with transaction(made, connection):
        connection.execute("INSERT INTO deleted VALUES ('before')")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(OutputError, match=r"cannot write .*faces\.db: the disk is full"), transaction(made, connection):
        connection.execute("INSERT INTO deleted VALUES (?)", ("x" * 100_000,))
    assert connection.execute("SELECT name FROM deleted").fetchall() == [("before",)]
    close_writer(connection)


def test_a_busy_file_is_named(made):
    other = sqlite3.connect(made)
    other.execute("BEGIN EXCLUSIVE")
    connection = sqlite3.connect(made, isolation_level=None, timeout=0)
    with pytest.raises(OutputError, match="in use by another program"), transaction(made, connection):
        pass
    other.close()
    connection.close()


@pytest.mark.parametrize("opens", [open_for_reading, open_for_writing])
@pytest.mark.parametrize(
    ("key", "found", "remedy"),
    [
        ("schema_version", "4", "this program reads 3; upgrade faceswap"),
        ("schema_version", "1", "this program reads 3; the faceset is the older side"),
        ("contract_version", "7", "this program reads 1; upgrade faceswap"),
        ("contract_version", "0", "this program reads 1; the faceset is the older side"),
    ],
)
def test_another_version_says_which_side_to_upgrade(made, opens, key, found, remedy):
    set_version(made, key, found)
    with pytest.raises(StoreError, match=f"has {key.replace('_', ' ')} {found}, {remedy}"):
        opens(made)


def test_a_missing_file_is_no_faceset(path):
    with pytest.raises(StoreError, match=r"is not a faceset: it has no faces\.db"):
        open_for_reading(path)


@pytest.mark.parametrize("opens", [open_for_reading, open_for_writing])
def test_another_file_is_no_faceset(path, opens):
    path.write_text("This is a text file that someone has given the name of a database.\n" * 20)
    with pytest.raises(StoreError, match="damaged"):
        opens(path)


@pytest.mark.parametrize("opens", [open_for_reading, open_for_writing])
def test_another_database_is_no_faceset_and_is_left_alone(path, opens):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="not the database of a faceset"):
        opens(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]
    connection.close()


def test_a_file_whose_making_was_killed_is_made_again(path):
    path.touch()
    connection = open_for_writing(path)
    assert dict(connection.execute("SELECT * FROM meta")) == {"schema_version": "3", "contract_version": "1"}
    close_writer(connection)


def test_an_overwritten_page_is_damage(made):
    data = bytearray(made.read_bytes())
    data[4096 : 4 * 4096] = b"\xff" * (3 * 4096)
    made.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        open_for_reading(made)


def test_a_reader_rolls_back_what_a_killed_writer_left(made, monkeypatch):
    monkeypatch.setattr(store, "_WAL_IS_SOUND", False)
    writer = open_for_writing(made)
    with transaction(made, writer):
        writer.execute("INSERT INTO deleted VALUES ('before')")
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    writer.executemany("INSERT INTO deleted VALUES (?)", [(f"{i:0100d}",) for i in range(2000)])
    files = {entry.name: entry.read_bytes() for entry in made.parent.iterdir()}
    assert "faces.db-journal" in files
    assert len(files["faces.db"]) > 100_000  # Uncommitted pages have reached the file.
    writer.execute("ROLLBACK")
    close_writer(writer)
    copy = made.parent / "copy"
    copy.mkdir()
    for name, data in files.items():
        (copy / name).write_bytes(data)
    reader = open_for_reading(copy / "faces.db")
    assert reader.execute("SELECT name FROM deleted").fetchall() == [("before",)]
    reader.close()
