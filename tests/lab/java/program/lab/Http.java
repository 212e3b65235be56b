// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.Map;

/** One request, one answer, one connection; nothing is ever sent twice. */
public final class Http {
    static {
        System.setProperty("sun.net.http.retryPost", "false");
        System.setProperty("http.keepAlive", "false");
    }

    public final int status;
    public final byte[] body;
    private final HttpURLConnection connection;

    private Http(HttpURLConnection connection) throws IOException {
        this.connection = connection;
        this.status = connection.getResponseCode();
        InputStream content = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        this.body = content == null ? new byte[0] : read(content);
    }

    /** The answer; a body that is null is none. Times are in milliseconds. */
    public static Http request(
            String method, URL url, Map<String, String> headers, byte[] body, int connectTime, int readTime)
            throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        try {
            connection.setConnectTimeout(connectTime);
            connection.setReadTimeout(readTime);
            connection.setInstanceFollowRedirects(false);
            connection.setRequestMethod(method);
            for (Map.Entry<String, String> header : headers.entrySet()) {
                connection.setRequestProperty(header.getKey(), header.getValue());
            }
            if (body != null) {
                connection.setDoOutput(true);
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(body);
                }
            }
            return new Http(connection);
        } finally {
            connection.disconnect();
        }
    }

    public String header(String name) {
        return connection.getHeaderField(name);
    }

    /** Everything that a stream has. */
    public static byte[] read(InputStream content) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
            all.write(buffer, 0, count);
        }
        return all.toByteArray();
    }
}
