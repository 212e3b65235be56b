// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON to and from maps, lists, strings, doubles, booleans and null. */
public final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** A value as JSON; anything that has no form of its own is written as its text. */
    public static String write(Object value) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return String.valueOf(value);
        }
        if (value instanceof Map) {
            List<String> members = new ArrayList<>();
            for (Map.Entry<?, ?> member : ((Map<?, ?>) value).entrySet()) {
                members.add(quote(String.valueOf(member.getKey())) + ":" + write(member.getValue()));
            }
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof Iterable) {
            List<String> elements = new ArrayList<>();
            for (Object element : (Iterable<?>) value) {
                elements.add(write(element));
            }
            return "[" + String.join(",", elements) + "]";
        }
        return quote(value.toString());
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                quoted.append('\\').append(letter);
            } else if (letter < ' ') {
                quoted.append(String.format("\\u%04x", (int) letter));
            } else {
                quoted.append(letter);
            }
        }
        return quoted.append('"').toString();
    }

    /** The value of a JSON text; IllegalArgumentException if it is none. */
    public static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blanks();
        if (json.at != text.length()) {
            throw json.wrong();
        }
        return value;
    }

    private Object value() {
        blanks();
        char first = peek();
        if (first == '{') {
            return object();
        }
        if (first == '[') {
            return array();
        }
        if (first == '"') {
            return string();
        }
        int start = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return literal(text.substring(start, at));
    }

    private Object literal(String word) {
        switch (word) {
            case "null":
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                return Double.valueOf(word);
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new LinkedHashMap<>();
        for (boolean more = opens('}'); more; more = goesOn('}')) {
            blanks();
            String name = string();
            blanks();
            expect(':');
            members.put(name, value());
        }
        return members;
    }

    private List<Object> array() {
        List<Object> elements = new ArrayList<>();
        for (boolean more = opens(']'); more; more = goesOn(']')) {
            elements.add(value());
        }
        return elements;
    }

    private boolean opens(char end) {
        at++;
        blanks();
        if (peek() == end) {
            at++;
            return false;
        }
        return true;
    }

    private boolean goesOn(char end) {
        blanks();
        if (peek() == end) {
            at++;
            return false;
        }
        expect(',');
        return true;
    }

    private String string() {
        expect('"');
        StringBuilder letters = new StringBuilder();
        while (peek() != '"') {
            char letter = text.charAt(at++);
            letters.append(letter == '\\' ? escaped() : letter);
        }
        at++;
        return letters.toString();
    }

    private char escaped() {
        peek();
        char letter = text.charAt(at++);
        if (letter != 'u') {
            int known = "bfnrt".indexOf(letter);
            return known < 0 ? letter : "\b\f\n\r\t".charAt(known);
        }
        if (at + 4 > text.length()) {
            throw wrong();
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw wrong();
        }
        return text.charAt(at);
    }

    private void expect(char wanted) {
        if (peek() != wanted) {
            throw wrong();
        }
        at++;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("not JSON at character " + at + " of: " + text);
    }
}
