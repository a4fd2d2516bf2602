//! Models, libraries, data folders and addresses that can't be used: the
//! program says which and how to go on, and does not start half.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use common::footage::still;
use common::server::Site;
use common::{Outcome, RUNTIME_VARIABLE, program, run, safe_yolo, text};
use tempfile::TempDir;

/// Fields of a protocol buffer, as ONNX files are made of.
mod protobuf {
    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    pub(super) fn number(field: u64, value: u64) -> Vec<u8> {
        [varint(field << 3), varint(value)].concat()
    }

    pub(super) fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
    }
}

/// A valid ONNX model (IR 8, operators 17) that answers its only input, of
/// this shape, unchanged; `names` are its classes.
fn identity_model(shape: &[u64], names: Option<&str>) -> Vec<u8> {
    use protobuf::{bytes, number};
    const FLOAT: u64 = 1;
    let sides: Vec<u8> = shape.iter().flat_map(|side| bytes(1, &number(1, *side))).collect();
    let tensor = [number(1, FLOAT), bytes(2, &sides)].concat();
    let value = |name: &[u8]| [bytes(1, name), bytes(2, &bytes(1, &tensor))].concat();
    let node = [bytes(1, b"in"), bytes(2, b"out"), bytes(4, b"Identity")].concat();
    let graph =
        [bytes(1, &node), bytes(2, b"graph"), bytes(11, &value(b"in")), bytes(12, &value(b"out"))];
    let entry = names.map(|names| [bytes(1, b"names"), bytes(2, names.as_bytes())].concat());
    let operators = [bytes(1, b""), number(2, 17)].concat();
    let metadata = entry.map(|entry| bytes(14, &entry)).unwrap_or_default();
    [number(1, 8), bytes(7, &graph.concat()), bytes(8, &operators), metadata].concat()
}

/// A picture to look at.
fn picture(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("picture.jpg");
    still("helmets", 5000, &path);
    path
}

#[test]
fn a_model_that_cannot_be_used_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let picture = picture(&folder);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("garbage.onnx"), [0xA5_u8; 5000]).unwrap();
    fs::write(at("empty.onnx"), "").unwrap();
    fs::create_dir(at("folder.onnx")).unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/ppe_nano.onnx");
    let whole = fs::read(bundled).unwrap();
    fs::write(at("cut.onnx"), &whole[..whole.len() / 2]).unwrap();
    let square = [1, 3, 64, 64];
    fs::write(at("output.onnx"), identity_model(&square, Some("helmet,person"))).unwrap();
    fs::write(at("input.onnx"), identity_model(&[1, 50], Some("helmet,person"))).unwrap();
    fs::write(at("odd.onnx"), identity_model(&[1, 3, 50, 64], Some("helmet,person"))).unwrap();
    for (name, says) in [
        ("missing.onnx", "can't be read"),
        ("folder.onnx", "can't be read"),
        ("garbage.onnx", "no ONNX model"),
        ("cut.onnx", "no ONNX model"),
        ("empty.onnx", "the file is empty"),
        (
            "output.onnx",
            "fits none of the families (inputs: in [1, 3, 64, 64]; outputs: out [1, 3, 64, 64]; ",
        ),
        ("input.onnx", "its input is [1, 50], not [batch, 3, height, width]"),
        ("odd.onnx", "inputs: in [1, 3, 50, 64]"),
    ] {
        let model = at(name);
        let outcome = safe_yolo(["detect", "--model", text(&model), text(&picture)]);
        outcome.refused(&[name, says]);
        assert!(outcome.stdout.is_empty(), "{outcome:?}");
    }
}

#[test]
fn a_server_does_not_start_with_a_model_of_another_shape() {
    let folder = TempDir::new().unwrap();
    let (model, data) = (folder.path().join("output.onnx"), folder.path().join("data"));
    fs::write(&model, identity_model(&[1, 3, 64, 64], Some("person"))).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)];
    let outcome = safe_yolo(serve.into_iter().chain(["--model", text(&model)]));
    outcome.refused(&["output.onnx", "[1, 3, 64, 64]"]);
    assert!(!data.exists(), "nothing is made before the model is known to work");
}

/// The C library, which is a library, but not the one that is needed.
fn c_library() -> PathBuf {
    let folders = ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib"];
    let mut files = folders.iter().map(|folder| Path::new(folder).join("libc.so.6"));
    files.find(|path| path.is_file()).expect("a C library")
}

#[test]
fn a_library_that_cannot_be_used_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let picture = picture(&folder);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("garbage.so"), [0xA5_u8; 5000]).unwrap();
    let run_with = |library: &Path| {
        run(program().env(RUNTIME_VARIABLE, library).args(["detect", text(&picture)]))
    };
    run_with(&at("missing.so")).refused(&["missing.so", "make setup", RUNTIME_VARIABLE]);
    run_with(folder.path()).refused(&[text(folder.path()), "make setup", RUNTIME_VARIABLE]);
    run_with(&at("garbage.so")).refused(&["garbage.so", "1.24 or newer"]);
    run_with(&c_library()).refused(&["libc.so.6", "1.24 or newer"]);
    run_with(Path::new("")).refused(&["make setup", RUNTIME_VARIABLE]);
}

fn serve(data: &Path, listen: &str) -> Outcome {
    safe_yolo(["serve", "--listen", listen, "--sessions", "1", "--data-dir", text(data)])
}

#[test]
fn a_port_in_use_is_told_and_the_data_left_alone() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    serve(&data, &address).refused(&[&address, "another program uses it", "--listen"]);
    assert!(!data.exists());
    serve(&data, "nowhere").refused(&["--listen", "nowhere"]);
    serve(&data, "192.0.2.1:80").refused(&["192.0.2.1:80", "no such address", "--listen"]);
}

#[test]
fn budgets_that_make_no_sense_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let with = |arguments: &[&str]| {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--data-dir", text(&data)];
        safe_yolo(fixed.iter().chain(arguments))
    };
    with(&["--detector-batch", "0"]).refused(&["--detector-batch is 0", "between 1 and 32"]);
    with(&["--detector-batch=-1"]).refused(&["--detector-batch"]);
    with(&["--detector-sessions", "1000"]).refused(&["--detector-sessions is 1000", "64"]);
    with(&["--detector-wait-ms", "5000"]).refused(&["--detector-wait-ms is 5000", "100"]);
    with(&["--detector-sessions", "64", "--detector-threads", "64"]).refused(&[
        "--detector-sessions 64",
        "--detector-threads 64",
        "4096 threads",
        "cores",
    ]);
    with(&["--provider", "abacus"]).refused(&["--provider", "abacus"]);

    let site = folder.path().join("site.toml");
    let camera = |number: usize, more: &str| {
        format!("[[camera]]\nname = \"camera {number}\"\nsource = \"sim://quiet\"\n{more}\n")
    };
    let with_site = |text_of_site: String| {
        fs::write(&site, text_of_site).unwrap();
        with(&["--site", text(&site)])
    };
    with_site(camera(1, "analysis_rate_max = -5.0")).refused(&[
        "camera 1",
        "analysis_rate_max is -5",
        "between 1 and 60",
    ]);
    let many: String = (0..300).map(|number| camera(number, "")).collect();
    with_site(many).refused(&["site.toml", "300 cameras", "at most 256"]);
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "a file").unwrap();
    serve(&at("file"), "127.0.0.1:0").refused(&["file"]);
    serve(&at("file/below"), "127.0.0.1:0").refused(&["file/below"]);
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "a file");

    let garbage = "this is no database. ".repeat(500);
    fs::create_dir(at("garbage")).unwrap();
    fs::write(at("garbage/safe-yolo.db"), &garbage).unwrap();
    serve(&at("garbage"), "127.0.0.1:0").refused(&["safe-yolo.db", "not a database", "backup"]);
    assert_eq!(fs::read_to_string(at("garbage/safe-yolo.db")).unwrap(), garbage);

    fs::create_dir_all(at("folder/safe-yolo.db")).unwrap();
    serve(&at("folder"), "127.0.0.1:0").refused(&["safe-yolo.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let site = Site::new();
    assert!(site.serve().await.terminate().success());
    let database = site.data().join("safe-yolo.db");
    let mut bytes = fs::read(&database).unwrap();
    assert!(bytes.len() > 8192, "a database of {} bytes", bytes.len());
    bytes[100..8192].fill(0xA5);
    fs::write(&database, &bytes).unwrap();
    serve(&site.data(), "127.0.0.1:0").refused(&["safe-yolo.db", "backup"]);
    assert_eq!(fs::read(&database).unwrap(), bytes, "not a byte is changed");
}
