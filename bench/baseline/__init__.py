"""The old design, written anew to be measured beside SAFE-YOLO."""
