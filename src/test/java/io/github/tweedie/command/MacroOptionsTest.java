package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;

class MacroOptionsTest {

	@Test
	void valuesComeBareInBracketsAndInQuotes() {
		assertEquals(Map.of("samples", "8", "mask", "my mask", "show", "restored"),
			MacroOptions.parse(" samples=8  mask=[my mask] show='restored' ").values());
	}

	@Test
	void aBareKeyIsTrueLikeKeyEqualsTrue() {
		assertEquals(MacroOptions.parse("fast=true").values(), MacroOptions.parse("fast").values());
	}

	@Test
	void bracketsMayNest() {
		assertEquals("stack [3] of 4", MacroOptions.parse("mask=[stack [3] of 4] seed=1").values().get("mask"));
	}

	@Test
	void aKeyInsideOfAValueIsNoKey() {
		assertEquals(Map.of("mask", "seed=5 steps=2"), MacroOptions.parse("mask=[seed=5 steps=2]").values());
	}

	@Test
	void aTitleMayHoldAnEqualsSignOrAnApostrophe() {
		assertEquals("a=b", MacroOptions.parse("image=a=b").values().get("image"));
		assertEquals("Anna's", MacroOptions.parse("image=Anna's").values().get("image"));
	}

	@Test
	void whatIsWrittenReadsTheSame() {
		Map<String, Object> values = new LinkedHashMap<>();
		values.put("image", "cells [2] day 1.tif");
		values.put("mask", "Anna's");
		values.put("samples", 8);
		values.put("noise", 0.5);
		values.put("model", "");
		Map<String, String> read = MacroOptions.parse(MacroOptions.written(values)).values();
		values.forEach((key, value) -> assertEquals(String.valueOf(value), read.get(key)));
	}

	@Test
	void anOpenBracketIsToldInOneSentence() {
		String told = assertThrows(IllegalArgumentException.class, () -> MacroOptions.parse("mask=[my mask seed=1")).getMessage();
		assertTrue(told.contains("closing bracket"), told);
	}

	@Test
	void strayTextIsToldInOneSentence() {
		String told = assertThrows(IllegalArgumentException.class, () -> MacroOptions.parse("samples=8 =5")).getMessage();
		assertTrue(told.contains("=5"), told);
	}
}
