/// Answers as an enrichment API gives them: about 2 KB, one company, of which five values are wanted.
enum SampleAnswer {
    static let compact: [UInt8] = Array(text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined().utf8)
    static let pretty: [UInt8] = Array(text.utf8)

    private static let text = """
        {
          "status": "ok",
          "request": {"id": "0193a3f2-7c1e-7d42-9b1f-3f0d9a2f5c11", "took_ms": 41, "cached": false, "credits_left": 99812},
          "company": {
            "id": 48211,
            "domain": "northwind-traders.example",
            "name": "Northwind Traders Ltd",
            "legal": {"name": "Northwind Traders Limited", "form": "private limited company", "number": "05423118"},
            "founded": 1998,
            "employees": {"count": 1240, "range": "1001-5000", "growth": {"6m": 0.0142, "12m": 0.0611, "24m": 0.134}},
            "description": "Importer and distributor of speciality foods with warehouses in four countries, a fleet of its own, and a web shop for restaurants, caf\u{e9}s and delicatessen shops.",
            "location": {
              "country": "GB", "city": "Bristol", "postcode": "BS1 6QS", "street": "12 Harbour Way",
              "geo": {"lat": 51.449128, "lon": -2.598531}
            },
            "industries": ["Food & Beverage", "Wholesale", "Logistics"],
            "technologies": ["nginx", "PostgreSQL", "Shopify", "Google Tag Manager", "Cloudflare", "Mailchimp"],
            "social": {
              "linkedin": "https://www.linkedin.com/company/northwind-traders-example",
              "twitter": "https://twitter.com/northwind_example",
              "facebook": null
            },
            "finance": {
              "revenue": {"amount": 184500000.50, "currency": "GBP", "year": 2023},
              "funding": [
                {"round": "seed", "date": "2001-04-11", "amount": 750000},
                {"round": "series_a", "date": "2006-09-02", "amount": 8200000}
              ]
            },
            "contacts": [
              {"name": "Ada Byron", "role": "CEO", "email": "ada.byron@northwind-traders.example", "verified": true},
              {"name": "Charles Holt", "role": "CTO", "email": "c.holt@northwind-traders.example", "verified": true},
              {"name": "Mary Long", "role": "Head of Sales", "email": "mary@northwind-traders.example", "verified": false}
            ],
            "updated_at": "2024-10-03T08:15:27Z"
          },
          "sources": [
            {"name": "company register", "retrieved_at": "2024-09-30T22:10:00Z", "confidence": 0.98},
            {"name": "web site", "retrieved_at": "2024-10-02T04:55:12Z", "confidence": 0.91},
            {"name": "press releases", "retrieved_at": "2024-10-01T11:23:41Z", "confidence": 0.74}
          ],
          "links": {"self": "https://api.companydata.example/v2/companies/48211", "docs": "https://companydata.example/docs"}
        }
        """
}
