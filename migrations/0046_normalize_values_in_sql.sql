-- Values in one form by SQL alone: what Libraries/Mapping/Normalization does. Both run Tests/Vectors/normalization.json and countries.json.

-- migrate:up

set local role weir_owner;

create function utils.collapse_white_space(p_text text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    -- What Unicode calls white space, as utils.trim_white_space has it.
    select utils.trim_white_space(
        regexp_replace(p_text, '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'))
$$;
comment on function utils.collapse_white_space(text) is
    'The text without white space at both ends, and with one space for each stretch of it inside.';

-- As people write numbers: groups of three digits, all separated alike, the first without a zero in front.
create function utils.separated_number(p_text text, p_decimal text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case when n.parts[1] in ('-', '−') then '-' else '' end
        || coalesce(nullif(ltrim(regexp_replace(coalesce(n.parts[2], n.parts[3], ''), '[^0-9]', '', 'g'), '0'), ''), '0')
        || coalesce('.' || n.parts[5], '')
    from regexp_match(p_text,
        '^([-+−]?)(?:([0-9]+)|([1-9][0-9]{0,2}(?:([' || case p_decimal when '.' then ',' else '.' end
        || '''’ \u00a0\u2009\u202f])[0-9]{3})(?:\4[0-9]{3})*))?(?:\' || p_decimal || '([0-9]+))?$') as n(parts)
    where coalesce(n.parts[2], n.parts[3], n.parts[5]) is not null
$$;
comment on function utils.separated_number(text, text) is
    'The JSON number that a text such as 1,234.5 means with this decimal sign, . or ,; null when it is none.';

create function utils.separated_numbers(p_text text) returns text[]
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select array_agg(r.number order by r.k)
    from (select n.number, min(n.k) as k
          from unnest(array['.', ',']) with ordinality as d(sign, k)
          cross join lateral (select utils.separated_number(utils.trim_white_space(p_text), d.sign) as number, d.k) as n
          where n.number is not null
          group by n.number) as r
$$;
comment on function utils.separated_numbers(text) is 'What a text may mean when nobody says what its decimal sign is: null, one number, or two.';

-- Two ways to write the same letters are one word.
create function utils.word_key(p_text text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select normalize(lower(utils.trim_white_space(p_text)))
$$;

create function utils.boolean_word(p_text text, p_words jsonb) returns text
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    with given as (select utils.word_key(p_text) as word)
    select coalesce(
        (select d.meaning
         from given as g
         cross join (values ('true'), ('false')) as d(meaning)
         cross join jsonb_array_elements_text(
             case jsonb_typeof(p_words) when 'object' then coalesce(p_words -> d.meaning, '[]') else '[]' end) as w(word)
         where utils.word_key(w.word) = g.word
         limit 1),
        (select case when g.word in ('true', 'yes', 'y', 'on', '1') then 'true'
                     when g.word in ('false', 'no', 'n', 'off', '0') then 'false' end from given as g))
$$;
comment on function utils.boolean_word(text, jsonb) is
    'true or false, as the word in the text means by {"true": [words], "false": [words]} or by what everybody takes it for; null when by neither.';

create function utils.country_key(p_text text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(regexp_replace(regexp_replace(btrim(regexp_replace(regexp_replace(
               lower(normalize(p_text)), '[.''’`]', '', 'g'), '[^[:alnum:]&]+', ' ', 'g')),
           '(^| )&(?= |$)', '\1and', 'g'), '(^| )st(?= |$)', '\1saint', 'g'), '^(?:the(?: |$))+', '')
$$;
comment on function utils.country_key(text) is
    'What names of a country that are written differently have in common: words in small letters, no marks, no article, saint and and in full.';

-- A name that several countries go by is none of them: Korea, Virgin Islands.
create function utils.country_codes() returns jsonb
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return '{
        "ad": "AD", "and": "AD", "andorra": "AD", "ae": "AE", "are": "AE", "uae": "AE", "united arab emirates": "AE", "af": "AF", "afg": "AF",
        "afghanistan": "AF", "ag": "AG", "atg": "AG", "antigua and barbuda": "AG", "ai": "AI", "aia": "AI", "anguilla": "AI", "al": "AL",
        "alb": "AL", "albania": "AL", "am": "AM", "arm": "AM", "armenia": "AM", "ao": "AO", "ago": "AO", "angola": "AO", "aq": "AQ",
        "ata": "AQ", "antarctica": "AQ", "ar": "AR", "arg": "AR", "argentina": "AR", "as": "AS", "asm": "AS", "american samoa": "AS",
        "at": "AT", "aut": "AT", "austria": "AT", "au": "AU", "aus": "AU", "australia": "AU", "aw": "AW", "abw": "AW", "aruba": "AW",
        "ax": "AX", "ala": "AX", "aland islands": "AX", "åland islands": "AX", "az": "AZ", "aze": "AZ", "azerbaijan": "AZ", "ba": "BA",
        "bih": "BA", "bosnia herzegovina": "BA", "bosnia and herzegovina": "BA", "bb": "BB", "brb": "BB", "barbados": "BB", "bd": "BD",
        "bgd": "BD", "bangladesh": "BD", "be": "BE", "bel": "BE", "belgium": "BE", "bf": "BF", "bfa": "BF", "burkina faso": "BF", "bg": "BG",
        "bgr": "BG", "bulgaria": "BG", "bh": "BH", "bhr": "BH", "bahrain": "BH", "bi": "BI", "bdi": "BI", "burundi": "BI", "bj": "BJ",
        "ben": "BJ", "benin": "BJ", "bl": "BL", "blm": "BL", "saint barthelemy": "BL", "saint barthélemy": "BL", "bm": "BM", "bmu": "BM",
        "bermuda": "BM", "bn": "BN", "brn": "BN", "brunei": "BN", "brunei darussalam": "BN", "bo": "BO", "bol": "BO", "bolivia": "BO",
        "bolivia plurinational state of": "BO", "plurinational state of bolivia": "BO", "bq": "BQ", "bes": "BQ",
        "caribbean netherlands": "BQ", "bonaire sint eustatius and saba": "BQ", "br": "BR", "bra": "BR", "brazil": "BR", "bs": "BS",
        "bhs": "BS", "bahamas": "BS", "bt": "BT", "btn": "BT", "bhutan": "BT", "bv": "BV", "bvt": "BV", "bouvet island": "BV", "bw": "BW",
        "bwa": "BW", "botswana": "BW", "by": "BY", "blr": "BY", "belarus": "BY", "bz": "BZ", "blz": "BZ", "belize": "BZ", "ca": "CA",
        "can": "CA", "canada": "CA", "cc": "CC", "cck": "CC", "cocos islands": "CC", "cocos keeling islands": "CC", "cd": "CD", "cod": "CD",
        "drc": "CD", "dr congo": "CD", "congo democratic republic of the": "CD", "democratic republic of the congo": "CD",
        "congo the democratic republic of the": "CD", "cf": "CF", "caf": "CF", "central african republic": "CF", "cg": "CG", "cog": "CG",
        "congo": "CG", "republic of the congo": "CG", "ch": "CH", "che": "CH", "switzerland": "CH", "ci": "CI", "civ": "CI",
        "ivory coast": "CI", "cote divoire": "CI", "côte divoire": "CI", "ck": "CK", "cok": "CK", "cook islands": "CK", "cl": "CL",
        "chl": "CL", "chile": "CL", "cm": "CM", "cmr": "CM", "cameroon": "CM", "cn": "CN", "chn": "CN", "china": "CN",
        "peoples republic of china": "CN", "co": "CO", "col": "CO", "colombia": "CO", "cr": "CR", "cri": "CR", "costa rica": "CR", "cu": "CU",
        "cub": "CU", "cuba": "CU", "cv": "CV", "cpv": "CV", "cabo verde": "CV", "cape verde": "CV", "cw": "CW", "cuw": "CW", "curacao": "CW",
        "curaçao": "CW", "cx": "CX", "cxr": "CX", "christmas island": "CX", "cy": "CY", "cyp": "CY", "cyprus": "CY", "cz": "CZ", "cze": "CZ",
        "czechia": "CZ", "czech republic": "CZ", "de": "DE", "deu": "DE", "germany": "DE", "federal republic of germany": "DE", "dj": "DJ",
        "dji": "DJ", "djibouti": "DJ", "dk": "DK", "dnk": "DK", "denmark": "DK", "dm": "DM", "dma": "DM", "dominica": "DM", "do": "DO",
        "dom": "DO", "dominican republic": "DO", "dz": "DZ", "dza": "DZ", "algeria": "DZ", "ec": "EC", "ecu": "EC", "ecuador": "EC",
        "ee": "EE", "est": "EE", "estonia": "EE", "eg": "EG", "egy": "EG", "egypt": "EG", "eh": "EH", "esh": "EH", "western sahara": "EH",
        "er": "ER", "eri": "ER", "eritrea": "ER", "es": "ES", "esp": "ES", "spain": "ES", "et": "ET", "eth": "ET", "ethiopia": "ET",
        "fi": "FI", "fin": "FI", "finland": "FI", "fj": "FJ", "fji": "FJ", "fiji": "FJ", "fk": "FK", "flk": "FK", "falkland islands": "FK",
        "falkland islands malvinas": "FK", "fm": "FM", "fsm": "FM", "micronesia": "FM", "federated states of micronesia": "FM",
        "micronesia federated states of": "FM", "fo": "FO", "fro": "FO", "faroe islands": "FO", "fr": "FR", "fra": "FR", "france": "FR",
        "ga": "GA", "gab": "GA", "gabon": "GA", "gb": "GB", "uk": "GB", "gbr": "GB", "great britain": "GB", "united kingdom": "GB",
        "united kingdom of great britain and northern ireland": "GB", "gd": "GD", "grd": "GD", "grenada": "GD", "ge": "GE", "geo": "GE",
        "georgia": "GE", "gf": "GF", "guf": "GF", "french guiana": "GF", "gg": "GG", "ggy": "GG", "guernsey": "GG", "gh": "GH", "gha": "GH",
        "ghana": "GH", "gi": "GI", "gib": "GI", "gibraltar": "GI", "gl": "GL", "grl": "GL", "greenland": "GL", "gm": "GM", "gmb": "GM",
        "gambia": "GM", "gn": "GN", "gin": "GN", "guinea": "GN", "gp": "GP", "glp": "GP", "guadeloupe": "GP", "gq": "GQ", "gnq": "GQ",
        "equatorial guinea": "GQ", "gr": "GR", "grc": "GR", "greece": "GR", "gs": "GS", "sgs": "GS",
        "south georgia and the south sandwich islands": "GS", "gt": "GT", "gtm": "GT", "guatemala": "GT", "gu": "GU", "gum": "GU",
        "guam": "GU", "gw": "GW", "gnb": "GW", "guinea bissau": "GW", "gy": "GY", "guy": "GY", "guyana": "GY", "hk": "HK", "hkg": "HK",
        "hong kong": "HK", "hong kong sar": "HK", "hm": "HM", "hmd": "HM", "heard island and mcdonald islands": "HM", "hn": "HN", "hnd": "HN",
        "honduras": "HN", "hr": "HR", "hrv": "HR", "croatia": "HR", "ht": "HT", "hti": "HT", "haiti": "HT", "hu": "HU", "hun": "HU",
        "hungary": "HU", "id": "ID", "idn": "ID", "indonesia": "ID", "ie": "IE", "irl": "IE", "ireland": "IE", "republic of ireland": "IE",
        "il": "IL", "isr": "IL", "israel": "IL", "im": "IM", "imn": "IM", "isle of man": "IM", "in": "IN", "ind": "IN", "india": "IN",
        "io": "IO", "iot": "IO", "british indian ocean territory": "IO", "iq": "IQ", "irq": "IQ", "iraq": "IQ", "ir": "IR", "irn": "IR",
        "iran": "IR", "iran islamic republic of": "IR", "islamic republic of iran": "IR", "is": "IS", "isl": "IS", "iceland": "IS",
        "it": "IT", "ita": "IT", "italy": "IT", "je": "JE", "jey": "JE", "jersey": "JE", "jm": "JM", "jam": "JM", "jamaica": "JM", "jo": "JO",
        "jor": "JO", "jordan": "JO", "jp": "JP", "jpn": "JP", "japan": "JP", "ke": "KE", "ken": "KE", "kenya": "KE", "kg": "KG", "kgz": "KG",
        "kyrgyzstan": "KG", "kh": "KH", "khm": "KH", "cambodia": "KH", "ki": "KI", "kir": "KI", "kiribati": "KI", "km": "KM", "com": "KM",
        "comoros": "KM", "kn": "KN", "kna": "KN", "saint kitts and nevis": "KN", "kp": "KP", "prk": "KP", "dprk": "KP", "north korea": "KP",
        "democratic peoples republic of korea": "KP", "korea democratic peoples republic of": "KP", "kr": "KR", "kor": "KR",
        "south korea": "KR", "korea republic of": "KR", "republic of korea": "KR", "kw": "KW", "kwt": "KW", "kuwait": "KW", "ky": "KY",
        "cym": "KY", "cayman islands": "KY", "kz": "KZ", "kaz": "KZ", "kazakhstan": "KZ", "la": "LA", "lao": "LA", "laos": "LA",
        "lao pdr": "LA", "lao peoples democratic republic": "LA", "lb": "LB", "lbn": "LB", "lebanon": "LB", "lc": "LC", "lca": "LC",
        "saint lucia": "LC", "li": "LI", "lie": "LI", "liechtenstein": "LI", "lk": "LK", "lka": "LK", "sri lanka": "LK", "lr": "LR",
        "lbr": "LR", "liberia": "LR", "ls": "LS", "lso": "LS", "lesotho": "LS", "lt": "LT", "ltu": "LT", "lithuania": "LT", "lu": "LU",
        "lux": "LU", "luxembourg": "LU", "lv": "LV", "lva": "LV", "latvia": "LV", "ly": "LY", "lby": "LY", "libya": "LY", "ma": "MA",
        "mar": "MA", "morocco": "MA", "mc": "MC", "mco": "MC", "monaco": "MC", "md": "MD", "mda": "MD", "moldova": "MD",
        "moldova republic of": "MD", "republic of moldova": "MD", "me": "ME", "mne": "ME", "montenegro": "ME", "mf": "MF", "maf": "MF",
        "saint martin": "MF", "saint martin french part": "MF", "mg": "MG", "mdg": "MG", "madagascar": "MG", "mh": "MH", "mhl": "MH",
        "marshall islands": "MH", "mk": "MK", "mkd": "MK", "north macedonia": "MK", "republic of north macedonia": "MK", "ml": "ML",
        "mli": "ML", "mali": "ML", "mm": "MM", "mmr": "MM", "burma": "MM", "myanmar": "MM", "mn": "MN", "mng": "MN", "mongolia": "MN",
        "mo": "MO", "mac": "MO", "macao": "MO", "macau": "MO", "mp": "MP", "mnp": "MP", "northern mariana islands": "MP", "mq": "MQ",
        "mtq": "MQ", "martinique": "MQ", "mr": "MR", "mrt": "MR", "mauritania": "MR", "ms": "MS", "msr": "MS", "montserrat": "MS", "mt": "MT",
        "mlt": "MT", "malta": "MT", "mu": "MU", "mus": "MU", "mauritius": "MU", "mv": "MV", "mdv": "MV", "maldives": "MV", "mw": "MW",
        "mwi": "MW", "malawi": "MW", "mx": "MX", "mex": "MX", "mexico": "MX", "my": "MY", "mys": "MY", "malaysia": "MY", "mz": "MZ",
        "moz": "MZ", "mozambique": "MZ", "na": "NA", "nam": "NA", "namibia": "NA", "nc": "NC", "ncl": "NC", "new caledonia": "NC", "ne": "NE",
        "ner": "NE", "niger": "NE", "nf": "NF", "nfk": "NF", "norfolk island": "NF", "ng": "NG", "nga": "NG", "nigeria": "NG", "ni": "NI",
        "nic": "NI", "nicaragua": "NI", "nl": "NL", "nld": "NL", "netherlands": "NL", "kingdom of the netherlands": "NL", "no": "NO",
        "nor": "NO", "norway": "NO", "np": "NP", "npl": "NP", "nepal": "NP", "nr": "NR", "nru": "NR", "nauru": "NR", "nu": "NU", "niu": "NU",
        "niue": "NU", "nz": "NZ", "nzl": "NZ", "new zealand": "NZ", "om": "OM", "omn": "OM", "oman": "OM", "pa": "PA", "pan": "PA",
        "panama": "PA", "pe": "PE", "per": "PE", "peru": "PE", "pf": "PF", "pyf": "PF", "french polynesia": "PF", "pg": "PG", "png": "PG",
        "papua new guinea": "PG", "ph": "PH", "phl": "PH", "philippines": "PH", "pk": "PK", "pak": "PK", "pakistan": "PK", "pl": "PL",
        "pol": "PL", "poland": "PL", "pm": "PM", "spm": "PM", "saint pierre and miquelon": "PM", "pn": "PN", "pcn": "PN", "pitcairn": "PN",
        "pitcairn islands": "PN", "pr": "PR", "pri": "PR", "puerto rico": "PR", "ps": "PS", "pse": "PS", "palestine": "PS",
        "palestine state of": "PS", "state of palestine": "PS", "pt": "PT", "prt": "PT", "portugal": "PT", "pw": "PW", "plw": "PW",
        "palau": "PW", "py": "PY", "pry": "PY", "paraguay": "PY", "qa": "QA", "qat": "QA", "qatar": "QA", "re": "RE", "reu": "RE",
        "reunion": "RE", "réunion": "RE", "ro": "RO", "rou": "RO", "romania": "RO", "rs": "RS", "srb": "RS", "serbia": "RS", "ru": "RU",
        "rus": "RU", "russia": "RU", "russian federation": "RU", "rw": "RW", "rwa": "RW", "rwanda": "RW", "sa": "SA", "sau": "SA",
        "saudi arabia": "SA", "kingdom of saudi arabia": "SA", "sb": "SB", "slb": "SB", "solomon islands": "SB", "sc": "SC", "syc": "SC",
        "seychelles": "SC", "sd": "SD", "sdn": "SD", "sudan": "SD", "se": "SE", "swe": "SE", "sweden": "SE", "sg": "SG", "sgp": "SG",
        "singapore": "SG", "sh": "SH", "shn": "SH", "saint helena": "SH", "saint helena ascension and tristan da cunha": "SH", "si": "SI",
        "svn": "SI", "slovenia": "SI", "sj": "SJ", "sjm": "SJ", "svalbard and jan mayen": "SJ", "sk": "SK", "svk": "SK", "slovakia": "SK",
        "slovak republic": "SK", "sl": "SL", "sle": "SL", "sierra leone": "SL", "sm": "SM", "smr": "SM", "san marino": "SM", "sn": "SN",
        "sen": "SN", "senegal": "SN", "so": "SO", "som": "SO", "somalia": "SO", "sr": "SR", "sur": "SR", "suriname": "SR", "ss": "SS",
        "ssd": "SS", "south sudan": "SS", "stp": "ST", "saint": "ST", "sao tome and principe": "ST", "são tomé and príncipe": "ST",
        "sv": "SV", "slv": "SV", "el salvador": "SV", "sx": "SX", "sxm": "SX", "sint maarten": "SX", "sint maarten dutch part": "SX",
        "sy": "SY", "syr": "SY", "syria": "SY", "syrian arab republic": "SY", "sz": "SZ", "swz": "SZ", "eswatini": "SZ", "swaziland": "SZ",
        "tc": "TC", "tca": "TC", "turks and caicos islands": "TC", "td": "TD", "tcd": "TD", "chad": "TD", "tf": "TF", "atf": "TF",
        "french southern territories": "TF", "tg": "TG", "tgo": "TG", "togo": "TG", "th": "TH", "tha": "TH", "thailand": "TH", "tj": "TJ",
        "tjk": "TJ", "tajikistan": "TJ", "tk": "TK", "tkl": "TK", "tokelau": "TK", "tl": "TL", "tls": "TL", "east timor": "TL",
        "timor leste": "TL", "tm": "TM", "tkm": "TM", "turkmenistan": "TM", "tn": "TN", "tun": "TN", "tunisia": "TN", "to": "TO", "ton": "TO",
        "tonga": "TO", "tr": "TR", "tur": "TR", "turkey": "TR", "turkiye": "TR", "türkiye": "TR", "tt": "TT", "tto": "TT",
        "trinidad and tobago": "TT", "tv": "TV", "tuv": "TV", "tuvalu": "TV", "tw": "TW", "twn": "TW", "taiwan": "TW",
        "taiwan province of china": "TW", "tz": "TZ", "tza": "TZ", "tanzania": "TZ", "tanzania united republic of": "TZ",
        "united republic of tanzania": "TZ", "ua": "UA", "ukr": "UA", "ukraine": "UA", "ug": "UG", "uga": "UG", "uganda": "UG", "um": "UM",
        "umi": "UM", "united states minor outlying islands": "UM", "us": "US", "usa": "US", "united states": "US",
        "united states of america": "US", "uy": "UY", "ury": "UY", "uruguay": "UY", "uz": "UZ", "uzb": "UZ", "uzbekistan": "UZ", "va": "VA",
        "vat": "VA", "holy see": "VA", "vatican city": "VA", "holy see vatican city state": "VA", "vc": "VC", "vct": "VC",
        "saint vincent and the grenadines": "VC", "ve": "VE", "ven": "VE", "venezuela": "VE", "bolivarian republic of venezuela": "VE",
        "venezuela bolivarian republic of": "VE", "vg": "VG", "vgb": "VG", "british virgin islands": "VG", "virgin islands british": "VG",
        "vi": "VI", "vir": "VI", "us virgin islands": "VI", "virgin islands us": "VI", "vn": "VN", "vnm": "VN", "vietnam": "VN",
        "viet nam": "VN", "vu": "VU", "vut": "VU", "vanuatu": "VU", "wf": "WF", "wlf": "WF", "wallis and futuna": "WF", "ws": "WS",
        "wsm": "WS", "samoa": "WS", "ye": "YE", "yem": "YE", "yemen": "YE", "yt": "YT", "myt": "YT", "mayotte": "YT", "za": "ZA", "zaf": "ZA",
        "south africa": "ZA", "zm": "ZM", "zmb": "ZM", "zambia": "ZM", "zw": "ZW", "zwe": "ZW", "zimbabwe": "ZW"
    }'::jsonb;
end
$$;
comment on function utils.country_codes() is
    'The two-letter codes of ISO 3166-1 by the utils.country_key of everything that stands for a country: its codes and English names.';

create type utils.calendar_time as (
    year integer, month integer, day integer,
    -- The time of the day; no hour when only a date is given.
    hour integer, minute integer, second integer,
    -- Digits behind the second, as they are written.
    fraction text,
    -- How far the clock is ahead of UTC, in minutes; null when nothing says so.
    ahead integer
);
comment on type utils.calendar_time is 'A date with or without a time of the day, in the Gregorian calendar; it may be none that there is.';

create function utils.zone_ahead(p_zone text) returns integer
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_zone in ('Z', 'z') then 0
        when substr(p_zone, 2, 2) < '24' and right(z.digits, 2) < '60'
        then case left(p_zone, 1) when '-' then -1 else 1 end * (left(z.digits, 2)::integer * 60 + right(z.digits, 2)::integer) end
    from (select rpad(regexp_replace(p_zone, '[^0-9]', '', 'g'), 4, '0') as digits) as z
$$;
comment on function utils.zone_ahead(text) is 'Z, +02:00, +0200 or +02 as minutes ahead of UTC; null when there is no such zone.';

create function utils.iso_time(p_text text) returns utils.calendar_time
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select row(t.p[1], t.p[2], t.p[3], t.p[4], coalesce(t.p[5], '0'), coalesce(t.p[6], '0'), coalesce(t.p[7], ''), utils.zone_ahead(t.p[8]))
               ::utils.calendar_time
    from regexp_match(utils.trim_white_space(p_text),
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?'
        '(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$') as t(p)
    where t.p[8] is null or utils.zone_ahead(t.p[8]) is not null
$$;
comment on function utils.iso_time(text) is '2024-01-31 or 2024-01-31T08:15:27.5+02:00, as ISO 8601 and RFC 3339 have them; null when it is neither.';

create function utils.epoch_time(p_text text, p_scale integer) returns utils.calendar_time
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select row(extract(year from d.day), extract(month from d.day), extract(day from d.day), d.second / 3600, d.second / 60 % 60, d.second % 60,
               case when p_scale = 1 then coalesce(t.p[2], '') when s.rest > 0 then substr((p_scale + s.rest)::text, 2) else '' end, 0)
               ::utils.calendar_time
    from regexp_match(utils.trim_white_space(p_text), '^(-?[0-9]{1,15})(?:\.([0-9]{1,9}))?$') as t(p)
    cross join lateral (
        select floor(t.p[1]::numeric / p_scale) as seconds, (t.p[1]::numeric - floor(t.p[1]::numeric / p_scale) * p_scale)::integer as rest
    ) as s
    cross join lateral (
        -- Within the years that have four digits.
        select case when s.seconds between -62135596800 and 253402300799 then date '1970-01-01' + floor(s.seconds / 86400)::integer end as day,
               (s.seconds - floor(s.seconds / 86400) * 86400)::integer as second
    ) as d
    -- Parts of a second are written of seconds since 1970 only.
    where d.day is not null and (t.p[2] is null or p_scale = 1 and left(t.p[1], 1) <> '-')
$$;
comment on function utils.epoch_time(text, integer) is
    'Seconds since 1970 in UTC, or as many parts of seconds as the scale says; null when it is no number of them.';

-- Directive by directive, each taking as many digits as it can, as Swift's TimeFormat does.
create function utils.formatted_time(p_text text, p_format text) returns utils.calendar_time
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    rest text := utils.trim_white_space(p_text);
    found utils.calendar_time := row(0, 0, 0, null, 0, 0, '', null);
    part text;
    taken text;
    half text;
    months constant text[] := array['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october',
                                    'november', 'december'];
begin
    if p_format in ('epoch_seconds', 'epoch_milliseconds') then
        return utils.epoch_time(p_text, case p_format when 'epoch_seconds' then 1 else 1000 end);
    end if;
    for part in select m[1] from regexp_matches(p_format, '%.|.', 'g') as m loop
        if part !~ '^%' or part = '%%' then
            part := right(part, 1);
            taken := case when left(rest, 1) = part then part end;
        else
            taken := substring(rest from case part
                when '%Y' then '^[0-9]{4}'
                when '%f' then '^[0-9]{1,9}'
                when '%b' then '^[A-Za-z]+'
                when '%p' then '^[A-Za-z]+'
                when '%z' then '^(?:[Zz]|[+-][0-9]{2}(?:$|:?[0-9]{2}))'
                else '^[0-9]{1,2}' end);
        end if;
        if taken is null then
            return null;
        end if;
        case part
            when '%Y' then found.year := taken;
            when '%m' then found.month := taken;
            when '%d' then found.day := taken;
            when '%H', '%I' then found.hour := taken;
            when '%M' then found.minute := taken;
            when '%S' then found.second := taken;
            when '%f' then found.fraction := taken;
            when '%p' then half := lower(taken);
            when '%b' then
                found.month := (select m.k from unnest(months) with ordinality as m(name, k) where lower(taken) in (m.name, left(m.name, 3)));
            when '%z' then found.ahead := utils.zone_ahead(taken);
            else null;
        end case;
        if part = '%z' and found.ahead is null or half not in ('am', 'pm') then
            return null;
        end if;
        rest := substr(rest, length(taken) + 1);
    end loop;
    if rest <> '' then
        return null;
    end if;
    if half is not null and found.hour is not null then
        if found.hour not between 1 and 12 then
            return null;
        end if;
        found.hour := found.hour % 12 + case half when 'pm' then 12 else 0 end;
    end if;
    if found.hour is not null then
        found.ahead := coalesce(found.ahead, 0);
    end if;
    return found;
end
$$;
comment on function utils.formatted_time(text, text) is 'The time that a text says in a format such as %d.%m.%Y; null when it does not say one.';

create function utils.time_text(p_time utils.calendar_time, p_type text) returns text
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    moment timestamp;
begin
    if (p_time.year between 1 and 9999 and p_time.month between 1 and 12 and p_time.day >= 1
        and p_time.day <= extract(day from make_date(p_time.year, p_time.month, 1) + interval '1 month - 1 day')
        and coalesce(p_time.hour, 0) <= 23 and p_time.minute <= 59 and p_time.second <= 59) is not true then
        return null;
    end if;
    if p_type = 'date' then
        return to_char(make_date(p_time.year, p_time.month, p_time.day), 'YYYY-MM-DD');
    end if;
    moment := make_timestamp(p_time.year, p_time.month, p_time.day, p_time.hour, p_time.minute, p_time.second)
        - p_time.ahead * interval '1 minute';
    return case when extract(year from moment) between 1 and 9999
                then to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS') || coalesce('.' || nullif(rtrim(p_time.fraction, '0'), ''), '') || 'Z' end;
end
$$;
comment on function utils.time_text(utils.calendar_time, text) is
    'The date as it was written, or for datetime the instant in UTC; null when there is no such time, or the type needs more than there is.';

create function utils.normalized_text(p_text text, p_type text, p_normalization jsonb) returns text
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    trimmed text;
    meanings text[];
begin
    case p_type
    when 'text' then
        return case p_normalization #>> '{}'
               when 'whitespace' then utils.collapse_white_space(p_text)
               when 'country' then utils.country_codes() ->> utils.country_key(p_text)
               when 'host' then utils.normalized_object_name(p_text) end;
    when 'number' then
        trimmed := utils.trim_white_space(p_text);
        -- With an exponent nobody writes separators.
        if trimmed ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?[eE][+-]?[0-9]+$' then
            return trimmed;
        end if;
        if p_normalization ? 'decimal' then
            return utils.separated_number(trimmed, p_normalization ->> 'decimal');
        end if;
        meanings := utils.separated_numbers(trimmed);
        return case when cardinality(meanings) = 1 then meanings[1] end;
    when 'boolean' then
        return utils.boolean_word(p_text, p_normalization);
    when 'date', 'datetime' then
        return coalesce(
            utils.time_text(utils.iso_time(p_text), p_type),
            (select t.text
             from jsonb_array_elements_text(coalesce(p_normalization -> 'formats', '[]')) with ordinality as f(format, k)
             cross join lateral (select utils.time_text(utils.formatted_time(p_text, f.format), p_type) as text) as t
             where t.text is not null
             order by f.k
             limit 1));
    else
        return null;
    end case;
end
$$;
comment on function utils.normalized_text(text, text, jsonb) is
    'The text of a value in the form of its datapoint, whose type and normalization these are; null when it is none.';

grant execute on function utils.collapse_white_space(text), utils.separated_number(text, text), utils.separated_numbers(text), utils.word_key(text),
    utils.boolean_word(text, jsonb), utils.country_key(text), utils.country_codes(), utils.zone_ahead(text), utils.iso_time(text),
    utils.epoch_time(text, integer), utils.formatted_time(text, text), utils.time_text(utils.calendar_time, text),
    utils.normalized_text(text, text, jsonb) to service_role;

-- migrate:down

set local role weir_owner;
drop function utils.normalized_text(text, text, jsonb);
drop function utils.time_text(utils.calendar_time, text);
drop function utils.formatted_time(text, text);
drop function utils.epoch_time(text, integer);
drop function utils.iso_time(text);
drop function utils.zone_ahead(text);
drop type utils.calendar_time;
drop function utils.country_codes();
drop function utils.country_key(text);
drop function utils.boolean_word(text, jsonb);
drop function utils.word_key(text);
drop function utils.separated_numbers(text);
drop function utils.separated_number(text, text);
drop function utils.collapse_white_space(text);
