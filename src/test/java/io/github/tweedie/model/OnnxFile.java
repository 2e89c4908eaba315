package io.github.tweedie.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes an ONNX file node by node, in the encoding of protocol buffers (onnx.proto: the numbers below are those of its fields),
 * so that tests make the network that they speak of.
 */
public final class OnnxFile {

	/** Types of tensors, onnx.proto: TensorProto.DataType. */
	public static final int FLOAT = 1, INT32 = 6, INT64 = 7, FLOAT16 = 10, DOUBLE = 11;

	private static final int OPSET = 17, IR = 8;

	private final Message graph = new Message();
	private int names;

	private static final class Message {

		private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		Message number(int field, long value) {
			varint((long) field << 3);
			varint(value);
			return this;
		}

		Message bytes(int field, byte[] content) {
			varint((long) field << 3 | 2);
			varint(content.length);
			bytes.writeBytes(content);
			return this;
		}

		Message text(int field, String text) {
			return bytes(field, text.getBytes(StandardCharsets.UTF_8));
		}

		Message message(int field, Message inner) {
			return bytes(field, inner.bytes.toByteArray());
		}

		private void varint(long value) {
			for (; (value & ~0x7fL) != 0; value >>>= 7)
				bytes.write((int) (value & 0x7f | 0x80));
			bytes.write((int) value);
		}
	}

	/** @param shape extents, −1 where any will do */
	public OnnxFile input(String name, int type, long... shape) {
		graph.message(11, value(name, type, shape));
		return this;
	}

	public OnnxFile output(String name, int type, long... shape) {
		graph.message(12, value(name, type, shape));
		return this;
	}

	private static Message value(String name, int type, long[] shape) {
		Message extents = new Message();
		for (int i = 0; i < shape.length; i++)
			extents.message(1, shape[i] < 0 ? new Message().text(2, name + i) : new Message().number(1, shape[i]));
		return new Message().text(1, name).message(2, new Message().message(1, new Message().number(1, type).message(2, extents)));
	}

	/** A constant of doubles; a scalar if there is one value. */
	public String doubles(double... values) {
		ByteBuffer raw = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
		for (double value : values)
			raw.putDouble(value);
		return constant(DOUBLE, raw.array(), values.length == 1 ? new long[0] : new long[] { values.length });
	}

	/** A constant vector of whole numbers. */
	public String longs(long... values) {
		ByteBuffer raw = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
		for (long value : values)
			raw.putLong(value);
		return constant(INT64, raw.array(), values.length);
	}

	private String constant(int type, byte[] raw, long... shape) {
		String name = "constant" + names++;
		Message tensor = new Message().number(2, type).text(8, name).bytes(9, raw);
		for (long extent : shape)
			tensor.number(1, extent);
		graph.message(5, tensor);
		return name;
	}

	/** Adds a node and gives the name of its value. */
	public String node(String operator, String... inputs) {
		return named("value" + names++, operator, null, 0, inputs);
	}

	/** A node with one whole number as an attribute. */
	public String node(String operator, String attribute, long number, String... inputs) {
		return named("value" + names++, operator, attribute, number, inputs);
	}

	/** Adds a node whose value has the given name, such as that of an output. */
	public String named(String name, String operator, String attribute, long number, String... inputs) {
		Message node = new Message();
		for (String input : inputs)
			node.text(1, input);
		node.text(2, name).text(4, operator);
		if (attribute != null)
			node.message(5, new Message().text(1, attribute).number(3, number).number(20, 2));
		graph.message(1, node);
		return name;
	}

	public byte[] bytes() {
		Message named = new Message();
		named.bytes.writeBytes(graph.bytes.toByteArray());
		named.text(2, "test");
		return new Message().number(1, IR).text(2, "tweedie").message(7, named)
			.message(8, new Message().text(1, "").number(2, OPSET)).bytes.toByteArray();
	}
}
