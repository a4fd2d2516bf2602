//! The classes of COCO (Lin et al., "Microsoft COCO", arXiv:1405.0312), for models
//! that do not name theirs.

/// In the order in which detectors number them.
pub(crate) const NAMES: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// Numbers up to 90 that COCO's files give to nothing.
const GAPS: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// The same by the numbers 0 to 90 of COCO's files; nameless where there is nothing.
pub(crate) fn by_number() -> Vec<String> {
    let mut names = NAMES.iter();
    let name = |number: usize| {
        let name = if GAPS.contains(&number) { None } else { names.next() };
        name.map(ToString::to_string).unwrap_or_default()
    };
    (0..=90).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_files_are_those_of_coco() {
        let names = by_number();
        assert_eq!(names.len(), 91);
        for (number, name) in [
            (1, "person"),
            (13, "stop sign"),
            (44, "bottle"),
            (67, "dining table"),
            (90, "toothbrush"),
        ] {
            assert_eq!(names[number], name);
        }
        assert!(names[0].is_empty() && names[83].is_empty());
    }
}
