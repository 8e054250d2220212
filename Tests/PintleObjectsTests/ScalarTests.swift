import PintleObjects
import Testing

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "an amount is printed canonically",
        arguments: [
            ("1", "1"), ("0", "0"), ("0.5", "500m"), ("1500m", "1500m"), ("1000m", "1"), ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"), ("1024", "1024"), ("1000", "1k"), ("1000k", "1M"), ("100Ki", "100Ki"), ("0.5Ki", "512"),
            ("0.1Gi", "107374182400m"), ("1e3", "1e3"), ("12e6", "12e6"), ("1E", "1E"), ("1Ei", "1Ei"),
            ("-1Gi", "-1Gi"),
            ("+5", "5"), (".5", "500m"), ("5.", "5"), ("1n", "1n"), ("0.1n", "1n"), ("-0.1n", "-1n"), ("1u", "1u"),
            ("0Mi", "0"), ("00012", "12"), ("1.0000000001", "1000000001n"), ("100E", "9223372036854775807"),
            ("3.0", "3"), ("1e-3", "1e-3"),
        ])
    func canonical(_ text: String, _ printed: String) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.text == printed)
        #expect(try Quantity(parsing: printed) == quantity)
    }

    @Test(
        "what is no quantity is refused",
        arguments: ["", "abc", "1x", "1 ", "Ki", "1.2.3", "1KI", "1e", "--1", "1mm", "0x10"])
    func refuses(_ text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test("values round up, sums and comparisons are exact")
    func arithmetic() throws {
        let milli = try Quantity(parsing: "1m")
        #expect(milli.value == 1)
        #expect(milli.milliValue == 1)
        #expect(try Quantity(parsing: "1n").milliValue == 1)
        #expect(try Quantity(parsing: "2Gi").value == 2_147_483_648)
        #expect(try Quantity(parsing: "100m") + Quantity(parsing: "0.9") == Quantity(1))
        #expect((try Quantity(parsing: "1Gi") - Quantity(parsing: "512Mi")).text == "512Mi")
        #expect(try Quantity(parsing: "999m") < Quantity(1))
        #expect(Quantity(JSON.integer(5))?.text == "5")
        #expect(Quantity(JSON.number("1.5"))?.text == "1500m")
        #expect(Quantity(JSON.bool(true)) == nil)
    }
}

@Suite("Times")
struct TimestampTests {
    @Test(
        "an instant is read and printed",
        arguments: [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("2024-02-29T23:59:59.123456789Z", "2024-02-29T23:59:59.123456Z"),
            ("2026-11-21T02:56:52+02:00", "2026-11-21T00:56:52.000000Z"),
            ("2000-03-01T00:30:00-01:30", "2000-03-01T02:00:00.000000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
            ("2100-02-28T00:00:00Z", "2100-02-28T00:00:00.000000Z"),
        ])
    func prints(_ text: String, _ printed: String) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.rfc3339Micro == printed)
        #expect(time.rfc3339 == printed.prefix(19) + "Z")
        #expect(Timestamp(rfc3339: time.rfc3339Nano) == time)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
            "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx",
            "3000-01-01T00:00:00Z",
        ])
    func refuses(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("random instants are the same after printing and reading")
    func randomRoundTrip() {
        var random = SeededGenerator()
        for _ in 0..<1000 {
            let time = Timestamp(nanoseconds: Int64.random(in: .min ... .max, using: &random))
            #expect(Timestamp(rfc3339: time.rfc3339Nano) == time, "seed \(random.seed)")
        }
        #expect(Timestamp.now > Timestamp(seconds: 1_700_000_000))
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test("random bytes are the same after encoding and decoding")
    func randomRoundTrip() throws {
        var random = SeededGenerator()
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes, "seed \(random.seed)")
        }
        #expect(Base64.encode(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64.encode(Array("foo".utf8.dropLast())) == "Zm8=")
    }

    @Test(
        "the first byte that does not fit is named",
        arguments: [("!", 0), ("Zm9v!", 4), ("Zm9vYg", 6), ("Zg=", 3), ("Zg==x", 4), ("=", 0), ("Zm9vYg==\n", -1)])
    func faults(_ text: String, _ offset: Int) {
        do {
            _ = try Base64.decode(text)
            #expect(offset == -1)
        } catch {
            #expect(error.offset == offset)
        }
    }
}
