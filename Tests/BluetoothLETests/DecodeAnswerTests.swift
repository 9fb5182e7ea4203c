import BluetoothLE
import JSONText
import Testing

@Suite struct DecodeAnswerTests {
    private static func answer(_ line: String) -> String { DecodeAnswer.line(line.utf8) }

    @Test(arguments: [
        (
            #"{"id":"a","ad_structure_hex":"0201060a16d2fc4002ca0903bf13"}"#,
            #"{"id":"a","decoded":{"temperature":{"value":25.06,"unit":"°C"},"humidity":{"value":50.55,"unit":"%"}}}"#
        ),
        (
            #"{"id":7,"service_data":{"0xFCD2":"403c0103"}}"#,
            #"{"id":7,"decoded":{"event:dimmer":{"value":"rotate_left","unit":null,"properties":{"steps":3}}}}"#
        ),
        (
            #"{"id":"c","service_data":{"0xfcd2":"403b0102aa"}}"#,
            #"{"id":"c","decoded":{"event:command":{"value":"toggle","unit":null,"properties":{"args":"aa"}}}}"#
        ),
        (
            #"{"id":"k","service_data":{"0xfcd2":"41a47266c95f730011223378237214"},"address":"54:48:E6:8F:80:A5","#
                + #""key":"231d39c1d7cc1ab1aee224cd096db932"}"#,
            #"{"id":"k","decoded":{"temperature":{"value":25.06,"unit":"°C"},"humidity":{"value":50.55,"unit":"%"}}}"#
        ),
        (
            #"{"id":"r","manufacturer_data":{"0x0499":"0300ff6300008001800180010000"}}"#,
            #"{"id":"r","decoded":{"data_format":{"value":3,"unit":null},"humidity":{"value":0.0,"unit":"%"},"#
                + #""pressure":{"value":500.00,"unit":"hPa"},"battery":{"value":0,"unit":"mV"},"#
                + #""temperature":{"value":-127.99,"unit":"°C"},"acceleration":{"value":56754.1088116094,"unit":"mG"},"#
                + #""acceleration_x":{"value":-32767,"unit":"mG"},"acceleration_y":{"value":-32767,"unit":"mG"},"#
                + #""acceleration_z":{"value":-32767,"unit":"mG"}}}"#
        ),
        (
            #"{"id":"g","characteristic":"0x2A6E","value_hex":"d8f1"}"#,
            #"{"id":"g","decoded":{"Temperature":{"value":-36.24,"unit":"°C"}}}"#
        ),
        (
            #"{"id":"g","characteristic":"00002a56-0000-1000-8000-00805F9B34FB","value_hex":"1b"}"#,
            #"{"id":"g","decoded":{"Digital":{"value":[3,2,1,0],"unit":null}}}"#
        ),
        (
            #"{"id":"g","characteristic":"0x2A50","value_hex":"015f0001000100"}"#,
            #"{"id":"g","decoded":{"PnP ID.vendor_id_source":{"value":1,"unit":null},"PnP ID.vendor_id":"#
                + #"{"value":95,"unit":null},"PnP ID.product_id":{"value":1,"unit":null},"PnP ID.product_version":"#
                + #"{"value":1,"unit":null}}}"#
        ),
    ])
    func linesAreAnswered(line: String, answer: String) {
        #expect(Self.answer(line) == answer)
    }

    @Test(arguments: [
        ("", "not JSON"), ("nonsense", "not JSON"), ("[]", "expected an object"), ("{}", "no advertising payload"),
        (#"{"id":1,"ad_structure_hex":"02010"}"#, "ad_structure_hex"),
        (#"{"id":1,"ad_structure_hex":"020106"}"#, "no service data"),
        (#"{"id":1,"service_data":{"0xfdcd":"00"}}"#, "Qingping"),
        (#"{"id":1,"service_data":{"0xfe95":"00"}}"#, "1 bytes"),
        (#"{"id":1,"manufacturer_data":{"0x1234":"00"}}"#, "0x1234"),
        (#"{"id":1,"service_data":{"0xfcd2":"403a00"}}"#, "nothing measured"),
        (#"{"id":1,"service_data":{"0xfcd2":"40015d"},"key":"00"}"#, "16 bytes"),
        (#"{"id":1,"service_data":{"0xfcd2":"40015d"},"key":"231d39c1d7cc1ab1aee224cd096db932"}"#, "not encrypted"),
        (#"{"id":1,"characteristic":"0x2A19"}"#, "value_hex"),
        (#"{"id":1,"characteristic":"2A19","value_hex":"6"}"#, "value_hex"),
        (#"{"id":1,"characteristic":"battery","value_hex":"64"}"#, "0x2a19"),
        (#"{"id":1,"characteristic":"0x0001","value_hex":"64"}"#, "0x0001"),
        (#"{"id":1,"characteristic":"0x2A6E","value_hex":"0080"}"#, "not known"),
        (#"{"id":1,"characteristic":"0x2A19","value_hex":"65"}"#, "101 %"),
    ])
    func whatIsNotDecodedIsAnError(line: String, part: String) throws {
        let answer = try JSON.parse(Self.answer(line))
        #expect(answer.object?.names == ["id", "error"])
        #expect(answer["error"]?.string?.contains(part) == true, "\(answer)")
    }
}
