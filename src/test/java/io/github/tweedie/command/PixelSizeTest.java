package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import ij.measure.Calibration;

class PixelSizeTest {

	private static Calibration calibration(double width, double height, String unit) {
		Calibration calibration = new Calibration();
		calibration.pixelWidth = width;
		calibration.pixelHeight = height;
		calibration.setUnit(unit);
		return calibration;
	}

	@ParameterizedTest
	@CsvSource({ "0.5,0.5,um,0.5", "0.5,0.5,µm,0.5", "0.5,0.5,micron,0.5", "250,250,nm,0.25", "0.001,0.001,mm,1", "1,4,um,2",
		"0.5,0.5,pixel,NaN", "1,1,inch,NaN" })
	void unitsOfLengthAreUnderstood(double width, double height, String unit, double micrometres) {
		assertEquals(micrometres, PixelSize.micrometres(calibration(width, height, unit)), 1e-12);
	}

	@ParameterizedTest
	@CsvSource({ "0.5,0.5,", "0.26,0.5,", "0.9,0.5,", "0.24,0.5,averages 2×2 pixels to one", "0.1,0.5,averages 5×5 pixels to one",
		"1.1,0.5,look 0.455 times as large", "0.1,NaN,", "NaN,0.5,", "0,0.5," })
	void onlyAFactorAboveTwoIsTold(double own, double trained, String told) {
		String remark = PixelSize.remark(calibration(own, own, "um"), () -> trained).orElse("");
		assertTrue(told == null ? remark.isEmpty() : remark.contains(told), remark);
	}

	@Test
	void anImageWithoutAScaleHasNoRemark() {
		assertTrue(PixelSize.remark(new Calibration(), () -> 0.5).isEmpty());
	}
}
