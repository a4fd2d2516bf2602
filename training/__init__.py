"""From labelled pictures to the bundled detector: training, measuring, export."""
