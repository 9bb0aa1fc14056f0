import Sources
import Testing

@Suite("Link header")
struct LinkHeaderTests {
    @Test(
        arguments: [
            ([#"<https://a/2>; rel="next""#], "https://a/2"),
            (["<https://a/2>;rel=next"], "https://a/2"),
            ([#"<https://a/1>; rel="prev", <https://a/2>; rel="next""#], "https://a/2"),
            ([#"<https://a/1>; rel="prev""#, #"</2?x=1,2>; rel="next""#], "/2?x=1,2"),
            ([#"<https://a/2>; title="a, b; rel=\"prev\""; rel="next""#], "https://a/2"),
            ([#"<https://a/2>; rel="last NEXT""#], "https://a/2"),
            ([#"<https://a/2> ; REL = "next" ; type=x"#], "https://a/2"),
            ([#"<https://a/9>; rel="next"; anchor="/other", <https://a/2>; rel=next"#], "https://a/2"),
            ([#"<https://a/2>; rel="prev"; rel="next""#], nil),
            ([#"nonsense; rel="next", <https://a/2>; rel="next""#], "https://a/2"),
            ([#"<https://a/2>;; rel="next""#], "https://a/2"),
            ([#"<>; rel=next"#], ""),
            ([#"<https://a/2; rel="next""#], nil), ([#"<https://a/2>"#], nil), ([""], nil), ([], nil),
            ([#"<https://a/2>; rel="nextish""#], nil),
            ([#"<https://a/2>; title="never ends; rel="next"#], nil),
        ] as [([String], String?)])
    func theNextPageIsFound(_ values: [String], _ target: String?) {
        #expect(LinkHeader.target(of: "next", in: values) == target)
    }
}
