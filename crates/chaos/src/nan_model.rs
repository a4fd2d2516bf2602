//! A detector that answers with no numbers: an ONNX model of the YOLOX shape
//! whose output is NaN, written by hand as the protocol buffer that it is.

/// Its input, pixels; sides are multiples of 32.
const SIDE: u64 = 64;
/// Rows of its output: cells of strides 8, 16 and 32.
const ROWS: u64 = 8 * 8 + 4 * 4 + 2 * 2;
const NAMES: &str = "person,helmet,no_helmet,vest,no_vest,mask,no_mask";
const COLUMNS: u64 = 5 + 7;
/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;
/// `AttributeProto.AttributeType.TENSOR`.
const TENSOR: u64 = 4;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

/// `ValueInfoProto` of a float tensor.
fn value(name: &str, shape: &[u64]) -> Vec<u8> {
    let sides: Vec<u8> = shape.iter().flat_map(|side| bytes(1, &number(1, *side))).collect();
    let tensor = [number(1, FLOAT), bytes(2, &sides)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

/// When the model answers with NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mad {
    /// On every picture.
    Always,
    /// On pictures with something bright in them: not on the grey one that a
    /// model is tried with.
    OnBright,
}

/// `NodeProto`.
fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect();
    let attributes: Vec<u8> = attributes.iter().flat_map(|a| bytes(5, a)).collect();
    let node = [inputs, bytes(2, output.as_bytes()), bytes(4, operator.as_bytes()), attributes];
    bytes(1, &node.concat())
}

/// `TensorProto` of one number.
fn scalar(value: f32, name: &str) -> Vec<u8> {
    let name = if name.is_empty() { Vec::new() } else { bytes(8, name.as_bytes()) };
    [number(2, FLOAT), name, bytes(9, &value.to_le_bytes())].concat()
}

/// The model's file (IR 8, operators 17): zeros in the shape of an output,
/// times `sqrt(limit - brightest value)`. The root of a negative number is NaN.
pub(crate) fn model(mad: Mad) -> Vec<u8> {
    const INT: u64 = 2;
    const INT64: u64 = 7;
    let limit = match mad {
        Mad::Always => -1.0,
        Mad::OnBright => 180.0,
    };
    let shape: Vec<u8> = [1, ROWS, COLUMNS].into_iter().flat_map(u64::to_le_bytes).collect();
    let shape = [number(1, 3), number(2, INT64), bytes(8, b"shape"), bytes(9, &shape)].concat();
    let no_sides = [bytes(1, b"keepdims"), number(3, 0), number(20, INT)].concat();
    let zero = [number(1, 1), scalar(0.0, "")].concat();
    let zero = [bytes(1, b"value"), bytes(5, &zero), number(20, TENSOR)].concat();
    let graph = [
        node("ReduceMax", &["images"], "brightest", &[no_sides]),
        node("Sub", &["limit", "brightest"], "left", &[]),
        node("Sqrt", &["left"], "root", &[]),
        node("ConstantOfShape", &["shape"], "zeros", &[zero]),
        node("Mul", &["zeros", "root"], "output", &[]),
        bytes(2, b"nan"),
        bytes(5, &shape),
        bytes(5, &scalar(limit, "limit")),
        bytes(11, &value("images", &[1, 3, SIDE, SIDE])),
        bytes(12, &value("output", &[1, ROWS, COLUMNS])),
    ]
    .concat();
    let names = [bytes(1, b"names"), bytes(2, NAMES.as_bytes())].concat();
    let operators = [bytes(1, b""), number(2, 17)].concat();
    [number(1, 8), bytes(7, &graph), bytes(8, &operators), bytes(14, &names)].concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_class_has_a_column() {
        assert_eq!(super::NAMES.split(',').count() as u64 + 5, super::COLUMNS);
    }
}
